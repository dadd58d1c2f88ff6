//! Log macros: a sentence fragment and fields, `info!(host, "read memberships by group", groups = 61)`.

/// Writes one line of a level to the operator's log. The level's own macros are shorter.
#[macro_export]
macro_rules! log {
    ($level:ident, $host:expr, $message:literal $(, $field:ident = $value:expr)* $(,)?) => {
        $crate::Host::log(
            &$host,
            $crate::types::Level::$level,
            $message,
            &[$((stringify!($field).to_string(), ($value).to_string())),*],
        )
    };
}

/// Details for who looks closely.
#[macro_export]
macro_rules! debug { ($($rest:tt)*) => { $crate::log!(Debug, $($rest)*) }; }

/// What goes on.
#[macro_export]
macro_rules! info { ($($rest:tt)*) => { $crate::log!(Info, $($rest)*) }; }

/// What an operator should look at.
#[macro_export]
macro_rules! warn { ($($rest:tt)*) => { $crate::log!(Warn, $($rest)*) }; }

/// What went wrong.
#[macro_export]
macro_rules! error { ($($rest:tt)*) => { $crate::log!(Error, $($rest)*) }; }
