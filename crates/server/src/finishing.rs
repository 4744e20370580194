//! Work that is finished although nobody waits for it any more.

use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt as _;
use tokio::runtime::Handle;

/// What a panic left.
pub type Panicked = Box<dyn Any + Send>;

/// Work that goes on in a task of its own when this is dropped before it is done; until then it runs
/// where it is awaited, without the cost of a task. A panic ends the work and is its outcome.
pub struct Finishing<T: Send + 'static>(Option<Work<T>>);

type Work<T> = Pin<Box<dyn Future<Output = Result<T, Panicked>> + Send>>;

impl<T: Send + 'static> Finishing<T> {
    /// The work, not begun.
    pub fn of(work: impl Future<Output = T> + Send + 'static) -> Self {
        Self(Some(Box::pin(AssertUnwindSafe(work).catch_unwind())))
    }
}

impl<T: Send + 'static> Future for Finishing<T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else {
            return Poll::Pending; // done before; nobody polls what was ready
        };
        let polled = work.as_mut().poll(context);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<T: Send + 'static> Drop for Finishing<T> {
    fn drop(&mut self) {
        // Without a runtime the process is ending, and what is not durable was never answered.
        if let (Some(rest), Ok(runtime)) = (self.0.take(), Handle::try_current()) {
            runtime.spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn what_is_awaited_is_done_where_it_is_awaited() {
        let here = tokio::task::try_id();
        let done = Finishing::of(async { tokio::task::try_id() }).await;
        assert_eq!(done.expect("no panic"), here);
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_finished_all_the_same() {
        let (go, gone) = oneshot::channel::<()>();
        let (tell, told) = oneshot::channel();
        let mut work = Finishing::of(async move {
            gone.await.expect("told to go");
            tell.send("done").expect("somebody hears");
        });
        let polled = (&mut work).now_or_never();
        assert!(polled.is_none());
        drop(work);
        go.send(()).expect("it waits");
        assert_eq!(told.await, Ok("done"));
    }

    #[tokio::test]
    async fn a_panic_is_an_outcome_and_nothing_is_done_again() {
        let outcome = Finishing::of(async { panic!("at once") }).await;
        assert!(outcome.map(|()| "done").is_err());
    }
}
