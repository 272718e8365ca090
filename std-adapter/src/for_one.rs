//! Keeping shared caches off a response that is for one client: what the two layers tell each other of it.

use http::header::CACHE_CONTROL;
use http::{HeaderMap, HeaderValue, Request, Response};
use sallet_core::merge::{ForOne, PRIVATE, Privacy, made_private};

/// In the extensions of a request: the policy of a layer of headers around tells caches something itself. Only then is it worth an
/// extension of the response.
#[derive(Debug, Clone, Copy)]
struct Asked;

/// In the extensions of a response that was made private: what a policy says to caches is joined with what the app says, and made private
/// then.
#[derive(Debug, Clone, Copy)]
struct Made {
    privacy: Privacy,
    /// The app itself says nothing.
    unsaid: bool,
}

/// Asks to be told.
pub(crate) fn ask<B>(request: &mut Request<B>) {
    request.extensions_mut().insert(Asked);
}

pub(crate) fn is_asked<B>(request: &Request<B>) -> bool {
    request.extensions().get::<Asked>().is_some()
}

/// Makes a response private, at once, because what is between the layers may lose its extensions. `tells`: there is a layer of headers
/// around that asks.
pub(crate) fn make<B>(response: &mut Response<B>, privacy: Privacy, tells: bool) {
    let made: Option<Made> = response.extensions_mut().remove();
    // Of two guards the stricter counts, whichever is inside.
    let privacy = made.map_or(privacy, |made| made.privacy.max(privacy));
    let unsaid = make_private(response.headers_mut(), privacy) || made.is_some_and(|made| made.unsaid);
    if tells || made.is_some() {
        response.extensions_mut().insert(Made { privacy, unsaid });
    }
}

/// Before a policy that tells caches something, or rules that take away what was told, are joined with the response: takes off again what was added, so that the policy's `no-store`
/// is sent. Then [`again`] is called.
pub(crate) fn undo<B>(response: &mut Response<B>) -> Option<Privacy> {
    let Made { privacy, unsaid } = response.extensions_mut().remove()?;
    let mut lines = response.headers().get_all(CACHE_CONTROL).iter();
    if unsaid && lines.next().is_some_and(|line| line == PRIVATE.1) && lines.next().is_none() {
        response.headers_mut().remove(CACHE_CONTROL);
    }
    Some(privacy)
}

/// Once the policy is joined. The layer around that one may do the same, so it is told too.
pub(crate) fn again<B>(response: &mut Response<B>, privacy: Option<Privacy>) {
    if let Some(privacy) = privacy {
        make(response, privacy, true);
    }
}

/// Whether nothing was said of caches.
fn make_private(headers: &mut HeaderMap, privacy: Privacy) -> bool {
    let mut for_one = ForOne::new(privacy);
    let mut shared = Vec::new();
    for (at, (name, value)) in headers.iter().enumerate() {
        if for_one.line(name.as_str().as_bytes(), value.as_bytes()) {
            shared.push(at);
        }
    }
    if !shared.is_empty() {
        for (at, (name, value)) in headers.iter_mut().enumerate() {
            let name = name.as_str().as_bytes();
            if shared.contains(&at) && for_one.makes_private(name) {
                let text = made_private(name, value.as_bytes()).concat();
                *value = HeaderValue::try_from(text).expect("what was a value still is one");
            }
        }
    }
    let unsaid = for_one.adds_private();
    if unsaid {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static(PRIVATE.1));
    }
    unsaid
}
