//! Ways to hand a secret over, and that none of them shows it.

use crate::support::{Desk, Outcome};

const SECRET: &str = "s3cr3t-of-forty-characters-0123456789abcd";

/// `doctor` shows whether the secret arrived, before it goes to the network.
fn arrived(outcome: &Outcome) -> bool {
    assert!(!outcome.printed().contains(SECRET), "{outcome:?}");
    let line = outcome.stdout.lines().find(|line| line.trim_start().starts_with("secret-key"));
    line.is_some_and(|line| line.ends_with(" set"))
}

fn doctor<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let mut arguments = vec!["doctor", "duo", "--api-hostname=127.0.0.9:1", "--integration-key=DIEXAMPLE00000000000"];
    arguments.extend(more);
    arguments
}

#[test]
fn a_secret_comes_from_a_file_or_another_variable() {
    let desk = Desk::new();
    desk.write("key", format!("{SECRET}\n"));
    assert!(arrived(&desk.accord(&doctor(&["--secret", "secret-key=file:key"])).run()));
    assert!(arrived(&desk.accord(&doctor(&["--secret", "secret-key=env:DUO_SKEY"])).env("DUO_SKEY", SECRET).run()));
    assert!(arrived(&desk.accord(&doctor(&[])).env("BATON_SECRET_KEY_FILE", "key").run()));
    assert!(arrived(&desk.accord(&doctor(&[])).env("BATON_SECRET_KEY", SECRET).run()));
}

#[test]
fn a_secret_on_the_command_line_works_and_warns() {
    let outcome = Desk::new().accord(&doctor(&["--secret-key", SECRET])).run();
    assert!(arrived(&outcome));
    outcome.tells(&["others on this machine can see a secret on the command line", "BATON_SECRET_KEY_FILE"]);
}

#[test]
fn what_cannot_be_followed_is_told_and_not_shown() {
    let desk = Desk::new();
    desk.write("empty", "\n");
    for (argument, told) in [
        (format!("secret-key={SECRET}"), "--secret secret-key needs `file:` and a path, or `env:` and a variable"),
        ("secret-key=file:nowhere".to_owned(), "--secret secret-key refers to the file `nowhere`"),
        ("secret-key=file:empty".to_owned(), "it is empty"),
        ("secret-key=env:NOWHERE".to_owned(), "refers to the variable NOWHERE, which is not set"),
        ("secret-kye=env:NOWHERE".to_owned(), "duo has no secret of this name; did you mean `secret-key`?"),
        (SECRET.to_owned(), "--secret needs a name, an equals sign"),
    ] {
        let outcome = desk.accord(&doctor(&["--secret", &argument])).run().exits(2);
        assert!(!outcome.printed().contains(SECRET), "{outcome:?}");
        assert!(outcome.stderr.contains(told), "{told} in {outcome:?}");
    }
}

#[test]
fn two_sources_of_one_rank_contradict_each_other() {
    let desk = Desk::new();
    desk.write("key", SECRET);
    let both = desk.accord(&doctor(&[])).env("BATON_SECRET_KEY", SECRET).env("BATON_SECRET_KEY_FILE", "key");
    both.run().exits(2).tells(&["BATON_SECRET_KEY and BATON_SECRET_KEY_FILE are both set; unset one"]);
    let both = desk.accord(&doctor(&["--secret-key", SECRET, "--secret", "secret-key=file:key"])).run().exits(2);
    both.tells(&["--secret-key is given, and --secret secret-key=… too"]);
}
