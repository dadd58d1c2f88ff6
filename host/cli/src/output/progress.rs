//! How far a run is: one line that is rewritten on a terminal, else a log line now and then.

use std::sync::Arc;
use std::time::Duration;

use accord_runtime::clock::Clock;
use accord_runtime::http::Activity;
use accord_runtime::sync::{Progress, Stage};

use super::{Screen, grouped, printable};

/// Often enough to look alive, seldom enough to cost nothing.
const REDRAW: Duration = Duration::from_millis(200);
/// As often as connectors of the Baton SDK tell their progress at most.
const LOG: Duration = Duration::from_secs(10);

/// Shows progress until it is aborted; [`end`] takes the line away.
pub(crate) async fn show(progress: Progress, activity: Activity, clock: Arc<dyn Clock>, screen: Screen) {
    let redraws = Screen::is_terminal();
    loop {
        if redraws {
            tokio::time::sleep(REDRAW).await;
        } else {
            clock.sleep(LOG).await;
        }
        let waiting = activity.waiting().map(|waiting| waiting.text(clock.monotonic()));
        if redraws {
            screen.show(&line(&progress, waiting));
        } else {
            log(&progress, &activity, waiting);
        }
    }
}

/// Takes the line away.
pub(crate) fn end(screen: &Screen) {
    if Screen::is_terminal() {
        screen.show("");
    }
}

fn line(progress: &Progress, waiting: Option<String>) -> String {
    let mut parts = vec![stage(progress)];
    for (name, listing) in progress.listings() {
        let of = if listing.total > listing.items { format!(" of {}", grouped(listing.total)) } else { String::new() };
        parts.push(format!("{name} {}{of}", grouped(listing.items)));
    }
    // What keeps it waiting comes before what a narrow terminal would cut off.
    if let Some(waiting) = waiting {
        parts.insert(1, waiting);
    }
    printable(&parts.join("   "))
}

fn log(progress: &Progress, activity: &Activity, waiting: Option<String>) {
    let listings = progress.listings();
    let items: Vec<String> = listings.iter().map(|(name, listing)| format!("{name} {}", listing.items)).collect();
    tracing::info!(
        percent_complete = progress.percent(),
        calls = activity.counters().calls,
        items = items.join(", "),
        waiting,
        "{}",
        stage(progress).trim_start()
    );
}

fn stage(progress: &Progress) -> String {
    let stage = progress.stage();
    match (&stage, progress.percent()) {
        (Stage::Reading, Some(percent)) => format!("{percent:>3} %"),
        (Stage::Starting, _) => "starting".to_owned(),
        (Stage::Waiting(holder), _) => format!("waiting for {holder}"),
        (Stage::Reading, None) => "reading".to_owned(),
        (Stage::Finishing(what), _) => what.clone(),
        (Stage::Done, _) => "done".to_owned(),
    }
}
