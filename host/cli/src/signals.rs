//! SIGINT and SIGTERM: the first asks the run to stop, a second one or patience running out ends the process.
//!
//! The work file is whole at every moment, so ending at once loses only the pages in flight.

use std::time::Duration;

use accord_runtime::{Category, Problem};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::output::Screen;

/// A run that was asked to stop is given this long: an orchestrator's patience is 10 s at its shortest.
const PATIENCE: Duration = Duration::from_secs(4);

/// The number of the signal, once one came. Call it inside the runtime.
pub(crate) fn stop_requests(screen: Screen) -> Result<watch::Receiver<Option<i32>>, Problem> {
    let listen = |kind| {
        signal(kind)
            .map_err(|error| Problem::new(Category::Bug, "BUG-004", format!("signals cannot be listened to: {error}")))
    };
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let (sender, receiver) = watch::channel(None);
    tokio::spawn(async move {
        let first = next(&mut interrupt, &mut terminate).await;
        sender.send_replace(Some(first));
        tracing::info!("stopping; what was read is kept (again to stop at once)");
        let last = tokio::select! {
            second = next(&mut interrupt, &mut terminate) => second,
            () = tokio::time::sleep(PATIENCE) => first,
        };
        let problem = Problem::new(Category::Interrupted(last), "STOP-002", "stopped at once")
            .line("resume", "run the same command again: it goes on from what is done");
        screen.show("");
        screen.write(&format!("{problem}\n"));
        std::process::exit(problem.category.exit_code());
    });
    Ok(receiver)
}

async fn next(interrupt: &mut Signal, terminate: &mut Signal) -> i32 {
    tokio::select! {
        _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
    }
}
