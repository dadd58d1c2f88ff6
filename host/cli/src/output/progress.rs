//! How far a run is: one line that is rewritten on a terminal, else a log line now and then.

use std::time::Duration;

use accord_runtime::http::Activity;
use accord_runtime::sync::{Progress, Stage};

use super::{Screen, grouped, printable};

/// Often enough to look alive, seldom enough to cost nothing.
const REDRAW: Duration = Duration::from_millis(200);
/// As often as connectors of the Baton SDK tell their progress at most.
const LOG: Duration = Duration::from_secs(10);

/// Shows progress until it is dropped by whoever awaits it together with the run.
pub(crate) async fn show(progress: Progress, activity: Activity, screen: Screen) {
    let redraws = Screen::is_terminal();
    let mut ticks = tokio::time::interval(if redraws { REDRAW } else { LOG });
    // The first tick comes at once, when there is nothing to tell.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        if redraws {
            screen.show(&line(&progress, &activity));
        } else {
            log(&progress, &activity);
        }
    }
}

fn line(progress: &Progress, activity: &Activity) -> String {
    let mut parts = vec![stage(progress)];
    for (name, listing) in progress.listings() {
        let of = if listing.total > listing.items { format!(" of {}", grouped(listing.total)) } else { String::new() };
        parts.push(format!("{name} {}{of}", grouped(listing.items)));
    }
    parts.extend(activity.waiting());
    printable(&parts.join("   "))
}

fn log(progress: &Progress, activity: &Activity) {
    let listings: Vec<String> =
        progress.listings().iter().map(|(name, listing)| format!("{name} {}", listing.items)).collect();
    tracing::info!(
        percent_complete = progress.percent().unwrap_or(0),
        calls = activity.counters().calls,
        items = listings.join(", "),
        waiting = activity.waiting().unwrap_or_default(),
        "{}",
        stage(progress)
    );
}

fn stage(progress: &Progress) -> String {
    let what = match progress.stage() {
        Stage::Starting => "starting".to_owned(),
        Stage::Reading => "reading".to_owned(),
        Stage::Finishing(what) => what,
        Stage::Done => "done".to_owned(),
    };
    match progress.percent() {
        Some(percent) if progress.stage() == Stage::Reading => format!("{percent:>3} %  {what}"),
        _ => what,
    }
}
