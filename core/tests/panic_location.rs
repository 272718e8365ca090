//! A bad text that is only seen at run time is blamed on the line that gave it, not on one of Sallet's.

use std::cell::Cell;
use std::panic::{PanicHookInfo, catch_unwind, set_hook};

use sallet_core::auth::{Key, Keyring, Realm, Scopes};
use sallet_core::paths::{ByPath, PathRule, PathRules};
use sallet_core::secret::Digest;
use sallet_core::{
    CacheControl, ContentSecurityPolicy, CustomField, Directive, PermissionsPolicy, ReportingEndpoints,
    SecurityHeaders, Source, StrictTransportSecurity,
};

thread_local! {
    static PLACE: Cell<Option<(String, u32)>> = const { Cell::new(None) };
}

fn remember(info: &PanicHookInfo<'_>) {
    PLACE.set(info.location().map(|place| (place.file().to_owned(), place.line())));
}

/// Where each of these panics.
macro_rules! places {
    ($($call:expr),+ $(,)?) => {
        [$({
            PLACE.set(None);
            let _ = catch_unwind(|| _ = $call);
            (stringify!($call), PLACE.take())
        }),+]
    };
}

const BAD_CUSTOM: &[CustomField<'_>] = &[CustomField::new("x-frame-options", "DENY")];

const SHARED_NONCE: SecurityHeaders<'_> = SecurityHeaders::EMPTY
    .content_security_policy(Some(ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])])))
    .cache_control(Some(CacheControl::new("public")));

#[test]
fn a_panic_points_at_the_line_that_gave_the_text() {
    let text = std::hint::black_box("\r\n");
    set_hook(Box::new(remember));
    let places = places![
        Realm::new(text),
        Scopes::new(text),
        PathRule::new(text),
        PathRules::new(const { &[PathRule::new("/*")] }),
        PathRules::NONE.protected(&[]),
        PathRules::NONE.preflights(const { &[PathRule::new("GET /x")] }),
        ByPath::in_order(const { &[(PathRule::new("/*"), ()), (PathRule::new("/x"), ())] }),
        Keyring::new(const { &[Key::new("", Digest::from_bytes([1; 32]))] }),
        Source::new(text),
        Directive::script_src(&[]),
        ContentSecurityPolicy::new(&[]),
        ContentSecurityPolicy::from_text(text),
        CustomField::new(text, text),
        CacheControl::new(text),
        PermissionsPolicy::new(text),
        ReportingEndpoints::new(text),
        StrictTransportSecurity::new(0).preload(),
        SecurityHeaders::EMPTY.custom(BAD_CUSTOM),
        SHARED_NONCE.checked(),
    ];
    drop(std::panic::take_hook());
    for (call, place) in places {
        let (file, line) = place.unwrap_or_else(|| panic!("{call} is fine"));
        assert!(file.ends_with("panic_location.rs"), "{call} blames {file}:{line}");
    }
}
