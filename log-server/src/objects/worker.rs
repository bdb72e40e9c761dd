//! A bridge from threads that wait to futures: a small runtime of its own.
//!
//! The engine's threads and traits are blocking, and some of them are called from threads of the
//! server's runtime, which must not run another runtime inside themselves. So work is handed over
//! and its result is waited for.

use std::future::Future;
use std::io;
use std::sync::mpsc;

use tokio::runtime::{Builder, Runtime};

/// Enough to keep many requests under way; they wait for the network.
const THREADS: usize = 2;

/// Runs futures for threads that wait for them.
#[derive(Debug)]
pub(crate) struct Worker {
    /// `None` only while it is dropped.
    runtime: Option<Runtime>,
}

impl Worker {
    /// Starts its threads.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(THREADS).thread_name(name).enable_all();
        Ok(Self { runtime: Some(builder.build()?) })
    }

    /// Lets `work` run beside.
    #[cfg(test)]
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.runtime.as_ref().expect("a worker runs until it is dropped").spawn(work);
    }

    /// Waits for `work`. May be called on any thread; blocks it.
    pub(crate) fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let (done, result) = mpsc::sync_channel(1);
        let runtime = self.runtime.as_ref().expect("a worker runs until it is dropped");
        runtime.spawn(async move {
            // Nobody waits any more only if the waiting thread panicked.
            let _ = done.send(work.await);
        });
        result.recv().expect("work for a store does not panic")
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // May happen on a thread of another runtime, which must not wait for this one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_can_be_used_and_dropped_inside_another_runtime() {
        let worker = Worker::start("test").unwrap();
        worker.wait(async { tokio::task::yield_now().await });
        assert_eq!(worker.wait(async { 7 }), 7);
    }
}
