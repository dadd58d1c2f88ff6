//! Calls that end without a result: nothing that is half done goes unsaid, and nothing is called twice.
