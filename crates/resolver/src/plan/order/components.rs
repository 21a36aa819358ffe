//! Groups of things that need each other.

/// Returns the strongly connected components of a graph, those that an edge points to first; in a component and among
/// components that do not need each other, what stands first in the graph.
///
/// Source: Tarjan, "Depth-first search and linear graph algorithms", 1972; without recursion, since chains may be long.
pub(super) fn components(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut search = ComponentSearch {
        edges,
        nodes: vec![GraphNode::default(); edges.len()],
        clock: 0,
        open: Vec::new(),
        found: Vec::new(),
    };
    for root in 0..edges.len() {
        search.visit(root);
    }
    search.found
}

#[derive(Clone, Copy, Default)]
struct GraphNode {
    /// When it was met; 0 for not yet.
    met: usize,
    /// The earliest open node that it reaches.
    low: usize,
    is_open: bool,
    /// How many of its edges were followed.
    followed: usize,
}

struct ComponentSearch<'a> {
    edges: &'a [Vec<usize>],
    nodes: Vec<GraphNode>,
    clock: usize,
    open: Vec<usize>,
    found: Vec<Vec<usize>>,
}

impl ComponentSearch<'_> {
    fn node(&mut self, place: usize) -> Option<&mut GraphNode> {
        self.nodes.get_mut(place)
    }

    fn visit(&mut self, root: usize) {
        let mut path = Vec::new();
        self.enter(root, &mut path);
        while let Some(place) = path.last().copied() {
            match self.next_edge(place) {
                Some(target) => self.follow(place, target, &mut path),
                None => {
                    path.pop();
                    self.leave(place, path.last().copied());
                }
            }
        }
    }

    /// Meets a node, where it was not met before.
    fn enter(&mut self, place: usize, path: &mut Vec<usize>) {
        let clock = self.clock + 1;
        let Some(node) = self.node(place).filter(|node| node.met == 0) else {
            return;
        };
        node.met = clock;
        node.low = clock;
        node.is_open = true;
        self.clock = clock;
        self.open.push(place);
        path.push(place);
    }

    fn next_edge(&mut self, place: usize) -> Option<usize> {
        let edges = self.edges.get(place)?;
        let node = self.node(place)?;
        let target = edges.get(node.followed).copied();
        node.followed += 1;
        target
    }

    fn follow(&mut self, place: usize, target: usize, path: &mut Vec<usize>) {
        let Some(other) = self.node(target).map(|node| *node) else {
            return;
        };
        if other.met == 0 {
            self.enter(target, path);
        } else if other.is_open {
            self.lower(place, other.met);
        }
    }

    fn lower(&mut self, place: usize, low: usize) {
        if let Some(node) = self.node(place) {
            node.low = node.low.min(low);
        }
    }

    /// Closes a node, and with the first one of a component all of it.
    fn leave(&mut self, place: usize, parent: Option<usize>) {
        let Some(node) = self.node(place).map(|node| *node) else {
            return;
        };
        if let Some(parent) = parent {
            self.lower(parent, node.low);
        }
        if node.low != node.met {
            return;
        }
        let start = self.open.iter().rposition(|open| *open == place).unwrap_or(0);
        let mut group = self.open.split_off(start);
        for member in &group {
            if let Some(node) = self.nodes.get_mut(*member) {
                node.is_open = false;
            }
        }
        group.sort_unstable();
        self.found.push(group);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_circles_stay_together() {
        // 0 needs 1 and 3, 1 and 2 need each other, 2 needs 4.
        let edges = [vec![1, 3], vec![2], vec![1, 4], vec![], vec![]];
        assert_eq!(components(&edges), [vec![4], vec![1, 2], vec![3], vec![0]]);
    }

    #[test]
    fn a_long_chain_needs_no_deep_stack() {
        let edges: Vec<Vec<usize>> = (1..=200_000).map(|next| vec![next]).collect();
        assert_eq!(components(&edges).len(), 200_000);
    }
}
