//! The threads that ask the module, so that one that hangs holds up nobody else.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};

use super::super::custody::TokenFault;
use super::module::Module;
use super::worker::Worker;

/// Threads, and so sessions of the token: small modules have few to give, and four wait for a network
/// module at one time, which hides most of its distance.
const SESSIONS: usize = 4;
/// Who may wait for a session. More have no hope to be served within their time.
const WAITING_MAX: usize = 64;

type Job = Box<dyn FnOnce(&mut Worker<'_>) + Send>;

/// How long the end of the pool waits for its threads: they close their sessions, and a library that is
/// called while the process ends brings it down. One that hangs is left behind.
const END_TIMEOUT: Duration = Duration::from_secs(2);

/// The threads. They end with the pool, when what they were asked is done.
pub(super) struct Pool {
    /// Nothing once the pool ends.
    jobs: Option<SyncSender<Job>>,
    /// Held by each thread; errs when all have ended.
    ended: Mutex<Receiver<()>>,
}

impl Pool {
    pub(super) fn start(module: &Arc<Module>) -> Result<Self, TokenFault> {
        let (jobs, waiting) = sync_channel::<Job>(WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let (running, ended) = sync_channel::<()>(0);
        for number in 1..=SESSIONS {
            let (module, waiting) = (Arc::clone(module), Arc::clone(&waiting));
            let running = running.clone();
            let thread = thread::Builder::new().name(format!("pkcs11-{number}"));
            let begun = thread.spawn(move || {
                work(&module, &waiting);
                drop(running);
            });
            begun.map_err(|error| TokenFault::Away(format!("no thread for it: {error}")))?;
        }
        Ok(Self {
            jobs: Some(jobs),
            ended: Mutex::new(ended),
        })
    }

    /// Lets one of the threads do something, and waits for it: at most so long.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        within: Duration,
        what: impl FnOnce(&mut Worker<'_>) -> Result<T, TokenFault> + Send + 'static,
    ) -> Result<T, TokenFault> {
        let (answer, answered) = sync_channel(1);
        let job = move |worker: &mut Worker<'_>| {
            // Who asked may wait no longer.
            let _ = answer.send(what(worker));
        };
        let taken = self.jobs.as_ref().map(|jobs| jobs.try_send(Box::new(job)));
        if !matches!(taken, Some(Ok(()))) {
            return Err(TokenFault::Away("too many wait for it".to_owned()));
        }
        aside(|| answered.recv_timeout(within)).unwrap_or_else(|_| {
            let s = within.as_secs();
            Err(TokenFault::Away(format!("it did not answer within {s} s")))
        })
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.jobs = None;
        let ended = self.ended.get_mut().unwrap_or_else(PoisonError::into_inner);
        if ended.recv_timeout(END_TIMEOUT) == Err(RecvTimeoutError::Timeout) {
            tracing::warn!("the hardware security module still works on a call; it is left behind");
        }
    }
}

fn work(module: &Module, waiting: &Mutex<Receiver<Job>>) {
    let mut worker = Worker::new(module);
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        match next {
            Ok(job) => job(&mut worker),
            Err(_) => return,
        }
    }
}

/// Waits where that holds up no other task: the runtime gives the rest of this thread's work to
/// another. A runtime of one thread cannot, and waits.
fn aside<T>(wait: impl FnOnce() -> T) -> T {
    let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
    match flavor {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(wait),
        _ => wait(),
    }
}
