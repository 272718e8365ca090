//! Mistakes in what a layer is told are blamed on the line that told it.

use std::cell::RefCell;
use std::panic::{catch_unwind, set_hook, take_hook};
use std::sync::Once;

use http::header::CONTENT_LENGTH;
use sallet_core::auth::{Key, Keyring};
use sallet_core::{CacheControl, ContentSecurityPolicy, Directive, SecurityHeaders, Source, digest_hex};
use sallet_hyper::require_auth::Auth;
use sallet_hyper::{Bearer, RequireAuthLayer, SecurityHeadersLayer};

static KEYS: Keyring =
    Keyring::new(&[Key::new("k", digest_hex!("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))]);

/// Refused because a shared cache would keep its nonce.
const SHARED: SecurityHeaders<'static> = SecurityHeaders::EMPTY
    .content_security_policy(Some(ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])])))
    .cache_control(Some(CacheControl::new("max-age=60")));

thread_local! {
    /// Where this thread has panicked last: the tests beside this one panic on threads of their own.
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The file and the line that a mistake is blamed on.
fn blamed<L>(make: fn() -> L) -> (String, u32) {
    static HOOK: Once = Once::new();
    // There is one hook for all tests, so it goes on to the one before it.
    HOOK.call_once(|| {
        let next = take_hook();
        set_hook(Box::new(move |panic| {
            let place = panic.location().map(|place| (place.file().to_owned(), place.line()));
            PLACE.with(|last| *last.borrow_mut() = place);
            next(panic);
        }));
    });
    assert!(catch_unwind(move || drop(make())).is_err(), "no mistake");
    PLACE.take().expect("a place")
}

#[test]
fn a_mistake_is_blamed_on_the_line_that_made_it() {
    fn bearer() -> Auth<&'static Keyring> {
        Bearer::new(&KEYS)
    }
    fn headers() -> SecurityHeadersLayer {
        SecurityHeadersLayer::new(&SecurityHeaders::STRICT)
    }

    for (line, (file, told)) in [
        (line!(), blamed(|| bearer().realm("it\nems"))),
        (line!(), blamed(|| bearer().scopes("a  b"))),
        (line!(), blamed(|| bearer().word("two words"))),
        (line!(), blamed(|| bearer().header("Cookie"))),
        (line!(), blamed(|| bearer().websocket_subprotocol(""))),
        (line!(), blamed(|| bearer().query("a b"))),
        (line!(), blamed(|| bearer().resource_metadata("/metadata"))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).or(bearer()))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).public(["/fine", "health"]))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).public(["/*"]))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).protected([""; 0]))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).protected(["GET /api"]))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).preflights(["/api", "api"]))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).protected(["/api"]).public(["/api"]))),
        (line!(), blamed(|| RequireAuthLayer::new(bearer()).public(["/api"]).protected(["/api"]))),
        (line!(), blamed(|| headers().path("items", &SecurityHeaders::API))),
        (line!(), blamed(|| headers().path("/items", &SHARED))),
        (line!(), blamed(|| headers().remove([CONTENT_LENGTH]))),
        (line!(), blamed(|| SecurityHeadersLayer::new(&SHARED))),
        (line!(), blamed(|| SecurityHeadersLayer::overriding(&SHARED))),
    ] {
        assert_eq!((&*file, told), (file!(), line));
    }
}
