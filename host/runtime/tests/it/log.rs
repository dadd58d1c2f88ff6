//! What is logged while a test runs something. One subscriber for the whole binary: those that come and go with a test
//! make the others' log lines vanish now and then.

use std::cell::RefCell;
use std::io::Write;
use std::sync::{Arc, Mutex, Once};

use tracing_subscriber::filter::LevelFilter;

thread_local! {
    static HEARD: RefCell<Option<Ear>> = const { RefCell::new(None) };
}

/// Keeps what the threads log that listen with it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ear(Arc<Mutex<Vec<u8>>>);

impl Ear {
    /// Hears what the calling thread logs from now on.
    pub(crate) fn listen(&self) {
        HEARD.set(Some(self.clone()));
    }
}

/// Runs `work` and returns what was logged meanwhile at every level, by its own thread and by those that listen too.
pub(crate) fn captured<T>(work: impl FnOnce(&Ear) -> T) -> (T, String) {
    static START: Once = Once::new();
    START.call_once(|| {
        let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_ansi(false);
        subscriber.with_writer(|| ToEar).init();
    });
    let ear = Ear::default();
    ear.listen();
    let result = work(&ear);
    HEARD.take();
    let bytes = ear.0.lock().unwrap().clone();
    (result, String::from_utf8(bytes).unwrap())
}

/// Writes to the thread's ear, or nowhere.
struct ToEar;

impl Write for ToEar {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        HEARD.with_borrow(|heard| heard.iter().for_each(|ear| ear.0.lock().unwrap().extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
