//! What a guest prints: kept in the host, the last few kilobytes, for the report of a panic.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};

/// A bounded tail of bytes; writing never fails and never blocks.
#[derive(Debug, Clone)]
pub(crate) struct Stderr {
    tail: Arc<Mutex<VecDeque<u8>>>,
    limit: usize,
}

impl Stderr {
    pub(crate) fn new(limit: usize) -> Self {
        Self { tail: Arc::default(), limit }
    }

    /// Takes what was printed since the last call.
    pub(crate) fn take(&self) -> String {
        let bytes: Vec<u8> = self.tail.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl IsTerminal for Stderr {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stderr {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Stderr {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(bytes.iter().skip(bytes.len().saturating_sub(self.limit)));
        let excess = tail.len().saturating_sub(self.limit);
        tail.drain(..excess);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
