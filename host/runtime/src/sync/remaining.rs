//! What a run that was interrupted has done and what it has left, listing by listing.

use accord_c1z::container::grouped;
use accord_c1z::work::{CollectionRecord, CollectionState};

use crate::problem::Problem;

/// All listings of one collection name.
#[derive(Debug, Default)]
struct Name<'r> {
    name: &'r str,
    settled: u64,
    open: u64,
    /// Pages and items of the open ones.
    pages: u64,
    items: u64,
    /// What the target says that the open ones hold, as far as it does.
    total: u64,
}

/// Tells below a problem how far the run got.
pub(super) fn told(problem: Problem, records: &[CollectionRecord]) -> Problem {
    let mut names: Vec<Name<'_>> = Vec::new();
    for record in records {
        let name = record.address.name.as_str();
        let at = names.iter().position(|known| known.name == name).unwrap_or_else(|| {
            names.push(Name { name, ..Name::default() });
            names.len() - 1
        });
        let Some(known) = names.get_mut(at) else { continue };
        if record.state == CollectionState::Open {
            known.open += 1;
            known.pages += u64::from(record.pages);
            known.items += record.items;
            known.total += record.total.unwrap_or(0);
        } else {
            known.settled += 1;
        }
    }
    let (done, left): (Vec<_>, Vec<_>) = names.iter().partition(|name| name.open == 0);
    let done: Vec<&str> = done.into_iter().map(|name| name.name).collect();
    let left: Vec<String> = left.into_iter().map(Name::text).collect();
    problem.line("done", done.join(", ")).line("left", left.join(", "))
}

impl Name<'_> {
    /// `users (600 of 2,000 items read)`.
    fn text(&self) -> String {
        let items = grouped(self.items);
        let how_far = match (self.open + self.settled, self.pages) {
            (1, 0) => "not begun".to_owned(),
            (1, _) if self.total > self.items => format!("{items} of {} items read", grouped(self.total)),
            (1, _) => format!("{items} items read"),
            (all, _) => format!("{} of {} listings read", grouped(self.settled), grouped(all)),
        };
        format!("{} ({how_far})", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::super::queue::tests::open;
    use super::*;
    use crate::problem::Category;

    fn record(number: i64, name: &str, state: CollectionState) -> CollectionRecord {
        CollectionRecord { state, ..open(number, name, Some(&number.to_string())) }
    }

    #[test]
    fn each_listing_is_done_or_told_how_far_it_is() {
        use CollectionState::{Complete, Deselected, Gap, Open};
        let records = [
            record(1, "account", Complete),
            record(2, "groups", Gap),
            record(3, "roles", Deselected),
            CollectionRecord { pages: 2, items: 600, total: Some(2_000), ..record(4, "users", Open) },
            CollectionRecord { pages: 1, items: 10, ..record(5, "devices", Open) },
            record(6, "admins", Open),
            record(7, "members", Complete),
            CollectionRecord { pages: 1, items: 5, ..record(8, "members", Open) },
            record(9, "members", Open),
        ];
        let problem = told(Problem::new(Category::Network, "NET-001", "the network is away"), &records);
        let wanted = "error[NET-001] the network is away\n  \
             done    account, groups, roles\n  \
             left    users (600 of 2,000 items read), devices (10 items read), admins (not begun), \
             members (1 of 3 listings read)";
        assert_eq!(problem.to_string(), wanted);
    }

    #[test]
    fn what_is_empty_is_not_told() {
        let all_done = [record(1, "users", CollectionState::Complete)];
        let problem = told(Problem::new(Category::Network, "NET-001", "away"), &all_done);
        assert_eq!(problem.to_string(), "error[NET-001] away\n  done    users");
    }
}
