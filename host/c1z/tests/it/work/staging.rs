//! Pages, cursors, facts, restarts, and what a resumed run finds.
