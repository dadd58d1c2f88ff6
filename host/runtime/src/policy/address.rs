//! Whether an address may be reached.
