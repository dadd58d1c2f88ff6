//! Which entitlement passes access on to which, without cycles and in an order that can be worked through.
//!
//! Entitlements that reach each other become one node: what enters it reaches all of them, and sharing inside it stays
//! off, as in the reference. Parallel edges merge to the widest: deep before shallow, all types before some.

use std::collections::{BTreeSet, HashMap};

use petgraph::Graph;
use petgraph::algo::kosaraju_scc;
use petgraph::graph::NodeIndex;

/// An entitlement's rank.
pub(super) type Rank = i64;

/// How an edge passes access on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Manner {
    /// Only what is held directly.
    shallow: bool,
    /// A set of principal types in [`Edges::filters`]; none: all.
    filter: Option<u32>,
}

/// The edges as grants name them.
#[derive(Debug, Default)]
pub(super) struct Edges {
    edges: Vec<(Rank, Rank, Manner)>,
    filters: Filters,
}

/// Sets of principal types, each once.
#[derive(Debug, Default)]
struct Filters {
    sets: Vec<Vec<String>>,
    numbers: HashMap<Vec<String>, u32>,
}

/// The order of work: each step has all that its sources need behind it.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Principal types by filter number.
    pub(super) filters: Vec<Vec<String>>,
}

impl Plan {
    /// All that pass access on or receive it, each once.
    pub(super) fn entitlements(&self) -> BTreeSet<Rank> {
        let sources = |step: &'_ Step| step.incoming.iter().flat_map(|edge| &edge.sources).copied().collect::<Vec<_>>();
        self.steps.iter().flat_map(|step| step.destinations.iter().copied().chain(sources(step))).collect()
    }
}

/// Entitlements that receive, and from where: several only where a cycle was.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) destinations: Vec<Rank>,
    pub(super) incoming: Vec<Incoming>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Incoming {
    pub(super) sources: Vec<Rank>,
    pub(super) shallow: bool,
    pub(super) filter: Option<u32>,
}

impl Edges {
    /// Whoever holds `source` also holds `destination`. An empty list of types means all.
    pub(super) fn add(&mut self, source: Rank, destination: Rank, shallow: bool, types: &[String]) {
        let filter = (!types.is_empty()).then(|| self.filters.number(types.to_vec()));
        self.edges.push((source, destination, Manner { shallow, filter }));
    }

    pub(super) fn len(&self) -> usize {
        self.edges.len()
    }

    pub(super) fn plan(mut self) -> Plan {
        let mut entitlements: Vec<Rank> = self.edges.iter().flat_map(|(from, to, _)| [*from, *to]).collect();
        entitlements.sort_unstable();
        entitlements.dedup();
        let node = |rank: &Rank| entitlements.binary_search(rank).unwrap_or_default();

        let mut graph: Graph<(), ()> = Graph::with_capacity(entitlements.len(), self.edges.len());
        for _ in &entitlements {
            graph.add_node(());
        }
        for (from, to, _) in &self.edges {
            graph.add_edge(NodeIndex::new(node(from)), NodeIndex::new(node(to)), ());
        }
        // Components come with sinks first.
        let mut components: Vec<Vec<Rank>> = Vec::new();
        let mut component_of = vec![0_u32; entitlements.len()];
        for (number, members) in (0_u32..).zip(kosaraju_scc(&graph).into_iter().rev()) {
            for member in &members {
                if let Some(known) = component_of.get_mut(member.index()) {
                    *known = number;
                }
            }
            let mut members: Vec<Rank> =
                members.iter().filter_map(|member| entitlements.get(member.index()).copied()).collect();
            members.sort_unstable();
            components.push(members);
        }
        drop(graph);
        let component = |rank: &Rank| component_of.get(node(rank)).copied().unwrap_or_default();

        let mut between: Vec<(u32, u32, Manner)> = self
            .edges
            .drain(..)
            .map(|(from, to, manner)| (component(&to), component(&from), manner))
            .filter(|(to, from, _)| to != from)
            .collect();
        between.sort_by_key(|(to, from, _)| (*to, *from));
        let members = |number: u32| components.get(number as usize).cloned().unwrap_or_default();
        let mut steps: Vec<(u32, Step)> = Vec::new();
        let mut known: Option<(u32, u32, Manner)> = None;
        let mut finish = |(to, from, manner): (u32, u32, Manner)| {
            let incoming = Incoming { sources: members(from), shallow: manner.shallow, filter: manner.filter };
            match steps.last_mut() {
                Some((last, step)) if *last == to => step.incoming.push(incoming),
                _ => steps.push((to, Step { destinations: members(to), incoming: vec![incoming] })),
            }
        };
        for (to, from, manner) in between {
            known = Some(match known.take() {
                Some((known_to, known_from, first)) if (known_to, known_from) == (to, from) => {
                    (to, from, self.filters.widest(first, manner))
                }
                other => {
                    other.into_iter().for_each(&mut finish);
                    (to, from, manner)
                }
            });
        }
        known.into_iter().for_each(finish);
        Plan { steps: steps.into_iter().map(|(_, step)| step).collect(), filters: self.filters.sets }
    }
}

impl Filters {
    fn number(&mut self, mut types: Vec<String>) -> u32 {
        types.sort_unstable();
        types.dedup();
        if let Some(number) = self.numbers.get(&types) {
            return *number;
        }
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(types.clone());
        self.numbers.insert(types, number);
        number
    }

    fn widest(&mut self, one: Manner, other: Manner) -> Manner {
        let filter = one.filter.zip(other.filter).map(|(first, second)| {
            if first == second {
                return first;
            }
            let set = |number: u32| self.sets.get(number as usize).cloned().unwrap_or_default();
            let union = [set(first), set(second)].concat();
            self.number(union)
        });
        Manner { shallow: one.shallow && other.shallow, filter }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(edges: &[(Rank, Rank, bool, &[&str])]) -> Plan {
        let mut all = Edges::default();
        for (source, destination, shallow, types) in edges {
            let types: Vec<String> = types.iter().map(|text| (*text).to_owned()).collect();
            all.add(*source, *destination, *shallow, &types);
        }
        all.plan()
    }

    #[test]
    fn a_source_is_complete_before_it_is_used() {
        let plan = plan(&[(2, 1, false, &[]), (3, 2, false, &[]), (3, 1, false, &[])]);
        let order: Vec<_> = plan.steps.iter().map(|step| step.destinations.clone()).collect();
        assert_eq!(order, [vec![2], vec![1]]);
        assert_eq!(plan.steps[1].incoming.len(), 2);
    }

    #[test]
    fn parallel_edges_merge_to_the_widest() {
        let plan =
            plan(&[(1, 2, true, &["user"]), (1, 2, true, &["group"]), (3, 4, true, &["user"]), (3, 4, false, &[])]);
        let manners: Vec<_> = plan
            .steps
            .iter()
            .flat_map(|step| &step.incoming)
            .map(|edge| {
                (edge.sources.clone(), edge.shallow, edge.filter.map(|number| plan.filters[number as usize].clone()))
            })
            .collect();
        assert!(manners.contains(&(vec![1], true, Some(vec!["group".to_owned(), "user".to_owned()]))), "{manners:?}");
        assert!(manners.contains(&(vec![3], false, None)), "{manners:?}");
    }

    #[test]
    fn a_cycle_is_one_node_and_nothing_flows_inside_it() {
        let plan =
            plan(&[(1, 2, false, &[]), (2, 3, false, &[]), (3, 2, false, &[]), (3, 4, false, &[]), (5, 5, false, &[])]);
        assert_eq!(plan.steps.len(), 2);
        assert_eq!(plan.steps[0].destinations, [2, 3]);
        assert_eq!(plan.steps[0].incoming[0].sources, [1]);
        assert_eq!(plan.steps[1].incoming[0].sources, [2, 3]);
    }
}
