//! A target and what its answers mean: which status is whose fault, told in the target's own words.

use crate::json::{FromJson, Problem};
use crate::types::{Detail, Failure};
use crate::words::{self, Of};
use crate::{Change, Host, Request, Response, Settled};

/// An API as the connector knows it. The constants and the first methods describe it; the rest follows from them.
pub trait Target {
    /// As people call it: `Duo`.
    const NAME: &'static str;

    /// The manifest's credential that requests carry, unless they name another.
    const CREDENTIAL: Option<&'static str>;

    /// The target's own words in a refusal, such as `code 40103 Invalid signature in request credentials`, or empty.
    fn explain(&self, response: &Response) -> String {
        let _ = response;
        String::new()
    }

    /// The status that counts, where the target may contradict the answer's own.
    fn status(&self, response: &Response) -> u16 {
        response.status()
    }

    /// What a refused credential is called, what it means and what to change. The message needs neither status nor the
    /// target's words.
    fn credentials_refused(&self, response: &Response) -> Detail {
        let _ = response;
        Detail::new(format!("{} refused the credentials", Self::NAME))
    }

    /// How somebody gets a missing permission.
    fn permission_remedy(&self, permission: &str) -> String {
        format!("grant `{permission}` to the credential in {}", Self::NAME)
    }

    /// What to check when the target cannot be reached.
    fn unreachable_remedy(&self) -> String {
        String::new()
    }

    /// Sends a request and gives the answer, whatever its status.
    fn send(&self, host: &Host, request: &Request) -> Result<Response, Failure> {
        words::send(&Of(self), host, request)
    }

    /// Sends requests, up to 64 at once, and gives the answers in their order, whatever their status.
    fn send_all(&self, host: &Host, requests: &[Request]) -> Vec<Result<Response, Failure>> {
        words::send_all(&Of(self), host, requests)
    }

    /// Tells requests that will follow the next write once that has succeeded; a dry run, which ends there, prints them.
    /// What only the answer tells stands in them as a placeholder such as `{id of the new user}`.
    fn announce(&self, host: &Host, requests: &[Request]) {
        words::announce(&Of(self), host, requests);
    }

    /// Sends a request and reads the JSON of a successful answer.
    fn fetch<T: FromJson>(&self, host: &Host, request: &Request) -> Result<T, Failure> {
        self.decode(&self.send(host, request)?)
    }

    /// Reads the JSON of a successful answer; any other answer is the failure that it means.
    fn decode<T: FromJson>(&self, response: &Response) -> Result<T, Failure> {
        let target = Of(self);
        let tree = words::tree_of(&target, response)?;
        let mut problem = Problem::none();
        let it = T::from_json(tree.root(), &mut problem);
        words::demand_none(&target, response, problem)?;
        Ok(it)
    }

    /// Asks for a change once, and then looks whether the target is as it was wanted: after a good answer, which the look
    /// is given, and after none, or one that says nothing. A refusal is passed on, but for one that may mean that there
    /// was nothing to do (404, 409).
    fn change(
        &self,
        host: &Host,
        change: &Change,
        mut look: impl FnMut(Option<&Response>) -> Result<bool, Failure>,
    ) -> Result<Settled, Failure> {
        change.settle(&Of(self), host, &mut look)
    }

    /// What an unsuccessful status means.
    fn failure(&self, response: &Response) -> Failure {
        words::failure(&Of(self), response)
    }
}
