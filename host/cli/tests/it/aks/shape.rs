//! In the place of the field's connector: what `baton-aks` takes and prints, and what the component is.

use crate::support::Desk;

#[test]
fn capabilities_and_configuration_are_printed_as_catalogues_and_forms_read_them() {
    let desk = Desk::new();
    let outcome = desk.connector("aks", &["capabilities"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("../golden/aks-capabilities.json").trim_end());
    assert!(!outcome.stdout.contains("PROVISION"), "it only reads");
    let outcome = desk.connector("aks", &["config"]).run().exits(0);
    assert_eq!(outcome.stdout, include_str!("../golden/aks-config.json").trim_end());
    assert_eq!(desk.connector("aks", &["-v"]).run().exits(0).stdout, "baton-aks version 0.1.0\n");
}

#[test]
fn the_drop_in_takes_the_variables_of_the_vendors_page() {
    let (desk, server) = (Desk::new(), super::examples());
    let call =
        server.environment().into_iter().fold(desk.connector("aks", &[]), |call, (name, value)| call.env(name, value));
    let outcome = call.run().exits(0);
    assert!(outcome.printed().contains("Task complete!"), "{}", outcome.printed());
    assert!(desk.path("sync.c1z").exists());
}

#[test]
fn it_is_read_only_and_says_so() {
    let desk = Desk::new();
    let outcome = desk.accord(&["plugin", "inspect", "aks"]).run().exits(0);
    assert!(!outcome.stdout.contains("only for grant"), "{}", outcome.stdout);
    for text in ["*.<azure-cloud.clusters>", "sp-client-secret (kept in the host, never seen by the plugin)"] {
        assert!(outcome.stdout.contains(text), "{text} in {}", outcome.stdout);
    }
}
