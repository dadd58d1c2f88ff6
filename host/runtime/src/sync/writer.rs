//! The one thread that owns the work file. Others hand it closures and wait for the answer.

use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use accord_c1z::work::{CollectionState, FactsView, WorkFile};
use cpu_time::ThreadTime;
use tokio::sync::oneshot;

use crate::engine::bug;
use crate::problem::Problem;
use crate::sync::errors;

type Job = Box<dyn FnOnce(&mut WorkFile) + Send>;

/// A handle to the thread; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Writer {
    jobs: mpsc::Sender<Job>,
}

/// Ends the thread and gives the work file back.
#[derive(Debug)]
pub(crate) struct WriterThread {
    thread: JoinHandle<(WorkFile, Duration)>,
}

impl Writer {
    pub(crate) fn start(mut work: WorkFile) -> Result<(Self, WriterThread), Problem> {
        let (jobs, inbox) = mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("work-file".into())
            .spawn(move || {
                for job in inbox {
                    job(&mut work);
                }
                (work, ThreadTime::now().as_duration())
            })
            .map_err(|error| bug("the work file's thread did not start", &error))?;
        Ok((Self { jobs }, WriterThread { thread }))
    }

    /// Runs `job` on the thread and returns what it returned.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        job: impl FnOnce(&mut WorkFile) -> R + Send + 'static,
    ) -> Result<R, Problem> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |work| {
            // A caller that was cancelled does not wait for its answer any more.
            let _ = answer.send(job(work));
        });
        self.jobs.send(job).map_err(|error| bug("the work file's thread is gone", &error))?;
        answered.await.map_err(|error| bug("the work file's thread died", &error))
    }
}

impl WriterThread {
    /// Waits for the jobs that were handed over; all handles must be gone, or this waits for them. Tells the CPU time
    /// that they took, too.
    pub(crate) fn finish(self) -> Result<(WorkFile, Duration), Problem> {
        self.thread.join().map_err(|_| bug("the work file's thread panicked", &"see the lines above"))
    }
}

/// The facts that one page may see of others.
#[derive(Debug, Clone)]
pub(crate) struct FactsReader {
    writer: Writer,
    view: FactsView,
    settled: Vec<(String, CollectionState)>,
}

impl FactsReader {
    pub(crate) fn new(writer: Writer, view: FactsView, settled: Vec<(String, CollectionState)>) -> Self {
        Self { writer, view, settled }
    }

    pub(crate) async fn get(&self, keys: Vec<String>) -> Result<Vec<Option<Vec<u8>>>, Problem> {
        let view = self.view.clone();
        self.writer.run(move |work| work.facts_get(&view, &keys)).await?.map_err(errors::storage)
    }

    pub(crate) async fn scan(
        &self,
        prefix: String,
        after: Option<String>,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, Problem> {
        let view = self.view.clone();
        self.writer
            .run(move |work| work.facts_scan(&view, &prefix, after.as_deref(), limit))
            .await?
            .map_err(errors::storage)
    }

    /// How a collection that the page comes after ended.
    pub(crate) fn settled(&self, name: &str) -> Option<CollectionState> {
        self.settled.iter().find(|(known, _)| known == name).map(|(_, state)| *state)
    }
}
