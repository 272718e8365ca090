//! One renderer, many outputs: all of them hold the same bytes.

use core::convert::Infallible;
use proptest::prelude::*;
use sallet_core::*;

const NONCED: SecurityHeaders<'static> = SecurityHeaders::STRICT
    .content_security_policy(Some(ContentSecurityPolicy::new(&[
        Directive::default_src(&[Source::SELF]),
        Directive::script_src(&[Source::NONCE, Source::STRICT_DYNAMIC]),
        Directive::style_src(&[Source::SELF, Source::NONCE]),
        Directive::report_to(&[Source::new("csp")]),
    ])))
    .content_security_policy_report_only(Some(ContentSecurityPolicy::from_text(
        "script-src 'nonce-{one-for-each-request}'",
    )))
    .reporting_endpoints(Some(ReportingEndpoints::new("csp=\"https://reports.example/\"")));

static STRICT: &str = const_block!(SecurityHeaders::STRICT);
static PAGE: Template<'static> = const_template!(NONCED);

/// Takes what it is given, `chunk` bytes at a time: a UART with a short queue.
struct Slow {
    out: Vec<u8>,
    chunk: usize,
}

impl embedded_io::ErrorType for Slow {
    type Error = Infallible;
}

impl embedded_io::Write for Slow {
    fn write(&mut self, buf: &[u8]) -> Result<usize, Infallible> {
        let taken = buf.len().min(self.chunk);
        self.out.extend_from_slice(&buf[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> Result<(), Infallible> {
        Ok(())
    }
}

fn joined(policy: SecurityHeaders<'_>) -> String {
    policy.fields().map(|field| format!("{}: {field}\r\n", field.name())).collect()
}

#[test]
fn all_outputs_agree() {
    for policy in [SecurityHeaders::STRICT, SecurityHeaders::API, SecurityHeaders::CLASSIC, SecurityHeaders::EMPTY] {
        let text = policy.to_string();
        assert_eq!(text, joined(policy));
        assert_eq!(text.len(), policy.block_len());

        let mut buf = [0xff; 2048];
        assert_eq!(policy.write_block(&mut buf).unwrap(), text.as_bytes());
        assert!(buf[text.len()..].iter().all(|&byte| byte == 0xff), "wrote past the block");

        assert_eq!(policy.to_vec::<2048>().unwrap(), text.as_bytes());
        let mut slow = Slow { out: Vec::new(), chunk: 7 };
        policy.send_block(&mut slow).unwrap();
        assert_eq!(slow.out, text.as_bytes());
    }
    assert_eq!(STRICT, SecurityHeaders::STRICT.to_string());
}

#[test]
fn the_size_that_is_needed_is_exact() {
    let needed = SecurityHeaders::STRICT.block_len();
    for size in [0, 1, needed / 2, needed - 1] {
        let mut buf = vec![0; size];
        assert_eq!(SecurityHeaders::STRICT.write_block(&mut buf), Err(RenderError::BufferTooSmall { needed }));
    }
    assert!(SecurityHeaders::STRICT.write_block(&mut vec![0; needed]).is_ok());
    assert_eq!(SecurityHeaders::STRICT.to_vec::<16>(), Err(RenderError::BufferTooSmall { needed }));
    for field in SecurityHeaders::STRICT.fields() {
        let needed = field.value_len();
        assert_eq!(field.write_value(&mut vec![0; needed - 1]).unwrap_err().needed, needed);
        assert_eq!(field.write_value(&mut vec![0; needed]).unwrap().0, field.to_string());
    }
    assert_eq!(PAGE.write(&Nonce::new([1; 16]), &mut [0; 3]), Err(BufferTooSmall { needed: PAGE.len() }));
}

#[test]
fn a_policy_with_a_nonce_is_not_sent_without_one() {
    assert_eq!(NONCED.write_block(&mut [0; 2048]), Err(RenderError::NonceNeeded));
    assert_eq!(NONCED.to_vec::<2048>(), Err(RenderError::NonceNeeded));
    let mut slow = Slow { out: Vec::new(), chunk: 64 };
    assert_eq!(NONCED.send_block(&mut slow), Err(WriteError::NonceNeeded));
    assert!(slow.out.is_empty());
}

#[test]
fn one_nonce_in_every_place() {
    let nonce = Nonce::new([0x5a; 16]);
    let expected = NONCED.to_string().replace("{one-for-each-request}", nonce.as_str());
    assert_eq!(expected.matches(nonce.as_str()).count(), 3);
    assert!(expected.contains("\r\ncache-control: private\r\n"));

    assert_eq!(PAGE.write(&nonce, &mut [0; 2048]).unwrap(), expected.as_bytes());
    let mut slow = Slow { out: Vec::new(), chunk: 5 };
    PAGE.send(&nonce, &mut slow).unwrap();
    assert_eq!(slow.out, expected.as_bytes());

    for field in NONCED.fields() {
        let mut text = vec![0; field.value_len()];
        let (_, slots) = field.write_value(&mut text).unwrap();
        slots.fill(&nonce, &mut text);
        assert!(expected.contains(std::str::from_utf8(&text).unwrap()));
    }
}

#[test]
fn a_nonce_in_the_report_only_policy_alone_is_private_too() {
    let csp = ContentSecurityPolicy::from_text("script-src 'nonce-{one-for-each-request}'");
    let policy = SecurityHeaders::EMPTY.content_security_policy_report_only(Some(csp));
    assert!(policy.needs_nonce());
    assert!(policy.to_string().ends_with("\r\ncache-control: private\r\n"), "{policy}");
}

#[test]
fn an_own_cache_control_is_kept_beside_a_nonce() {
    let policy = NONCED.cache_control(Some(CacheControl::NO_STORE)).to_string();
    assert!(policy.contains("cache-control: no-store\r\n") && !policy.contains("private"));
}

#[test]
fn a_nonce_is_not_for_shared_caches() {
    let with = |text| NONCED.cache_control(Some(CacheControl::new(text))).check().map(|policy| policy.needs_nonce());
    assert_eq!(with("public, max-age=60"), Err(PolicyError::SharedNonce));
    assert_eq!(with("max-age=60"), Err(PolicyError::SharedNonce));
    assert_eq!(with("private, max-age=60"), Ok(true));
    assert_eq!(with("no-store"), Ok(true));
}

#[test]
fn nothing_is_left_of_a_policy_that_was_for_https() {
    let policy = SecurityHeaders::EMPTY
        .content_security_policy(Some(ContentSecurityPolicy::from_text("upgrade-insecure-requests")))
        .over(Scheme::Http);
    assert_eq!(policy.fields().count(), 0);
}

#[test]
fn neither_policy_upgrades_requests_over_http() {
    let csp = Some(ContentSecurityPolicy::from_text("default-src 'self'; upgrade-insecure-requests"));
    let both = SecurityHeaders::EMPTY.content_security_policy(csp).content_security_policy_report_only(csp);
    let plain = "content-security-policy: default-src 'self'\r\n\
                 content-security-policy-report-only: default-src 'self'\r\n";
    assert_eq!(both.over(Scheme::Http).to_string(), plain);
    assert_eq!(both.over(Scheme::Https).to_string(), both.to_string());
}

#[test]
fn a_policy_from_names_and_texts_is_the_same() {
    let mut owned = Vec::new();
    for field in SecurityHeaders::STRICT.fields() {
        owned.push((field.name(), field.to_string()));
    }
    let policy = owned.iter().try_fold(SecurityHeaders::EMPTY, |policy, (name, text)| policy.with(name, text)).unwrap();
    assert_eq!(policy.to_string(), STRICT);
    assert_eq!(SecurityHeaders::EMPTY.with("server", "x").unwrap_err(), PolicyError::UnknownHeader);
    assert_eq!(policy.without("x-frame-options").unwrap().fields().count(), 11);
}

#[test]
fn what_no_single_header_can_see() {
    let csp = Some(ContentSecurityPolicy::from_text("default-src 'self'; report-to csp"));
    let policy = SecurityHeaders::EMPTY.content_security_policy(csp);
    fn undefined(policy: SecurityHeaders<'_>) -> Vec<(&str, &str)> {
        policy
            .lint()
            .filter(|lint| lint.reason.contains("does not define"))
            .map(|lint| (lint.header, lint.directive))
            .collect()
    }
    let in_csp = ("content-security-policy", "report-to");
    assert_eq!(undefined(policy), [in_csp]);
    let endpoints = |text| policy.reporting_endpoints(Some(ReportingEndpoints::new(text)));
    assert_eq!(undefined(endpoints("other=\"/r\"")), [in_csp]);
    assert_eq!(undefined(endpoints("csp=\"/r\"")), []);
    let permissions = PermissionsPolicy::new("camera=();report-to=csp, usb=*;report-to=other");
    let with = |text| endpoints(text).permissions_policy(Some(permissions));
    assert_eq!(undefined(with("csp=\"/r\"")), [("permissions-policy", "report-to")]);
    assert_eq!(undefined(with("csp=\"/r\", other=\"/o\"")), []);
}

#[test]
fn an_unchecked_caching_must_keep_a_nonce_too() {
    let policy =
        SecurityHeaders::EMPTY.with("content-security-policy", "script-src 'nonce-{one-for-each-request}'").unwrap();
    for (value, good) in [("private, x y", true), ("x y, no-store", true), ("x y", false), ("public, x y", false)] {
        let value = format!("{{unchecked}}{value}");
        assert_eq!(policy.with("cache-control", &value).unwrap().check().is_ok(), good, "{value}");
    }
    let whole = policy.with("content-security-policy", "{unchecked}script-src 'new'").unwrap();
    assert!(!whole.needs_nonce());
}

#[test]
fn custom_fields() {
    const OWN: &[CustomField<'_>] = &[CustomField::new("x-robots-tag", "noindex"), CustomField::new("x-b", "1")];
    assert_eq!(SecurityHeaders::EMPTY.custom(OWN).to_string(), "x-robots-tag: noindex\r\nx-b: 1\r\n");
    let twice = [OWN[0], OWN[0]];
    assert_eq!(SecurityHeaders::EMPTY.try_custom(&twice).unwrap_err(), PolicyError::DuplicateHeader);
    let known = [CustomField::new("x-frame-options", "DENY")];
    assert_eq!(SecurityHeaders::EMPTY.try_custom(&known).unwrap_err(), PolicyError::NotCustom);
    for (name, value, error) in [
        ("X-Robots-Tag", "noindex", PolicyError::BadFieldName),
        ("", "x", PolicyError::BadFieldName),
        ("a b", "x", PolicyError::BadFieldName),
        ("a:", "x", PolicyError::BadFieldName),
        ("a", "", PolicyError::BadFieldValue),
        ("a", "x\r\ny: z", PolicyError::BadFieldValue),
        ("a", "x\0", PolicyError::BadFieldValue),
        ("a", " x", PolicyError::BadFieldValue),
        ("a", "\u{fc}", PolicyError::BadFieldValue),
        ("a", "{unchecked} x", PolicyError::BadFieldValue),
        ("a", "x {unchecked}y", PolicyError::MarkTwice),
        ("a", "x {one-for-each-request}", PolicyError::FixedNonce),
    ] {
        assert_eq!(CustomField::parse(name, value), Err(error), "{name:?}: {value:?}");
    }
    assert_eq!(CustomField::new("a", "{unchecked}x"), CustomField::new("a", "x"));
}

/// Sent with every response alike they cut it short, cannot be decoded, or take away what the app sent itself.
#[test]
fn a_policy_cannot_own_what_frames_or_describes_one_message() {
    let never_touched = "content-length transfer-encoding trailer te connection keep-alive proxy-connection upgrade \
        http2-settings close sec-websocket-accept sec-websocket-protocol content-type content-encoding content-range \
        grpc-status grpc-message";
    for name in never_touched.split_ascii_whitespace() {
        assert_eq!(CustomField::parse(name, "x"), Err(PolicyError::NotForAPolicy), "{name}");
        assert_eq!(removable(name), Err(PolicyError::NotForAPolicy), "{name}");
    }
    let only_removed = "allow retry-after link via server-timing cache-status accept-ranges refresh signature dpop-nonce \
        sec-fetch-site x-forwarded-for prefer set-cookie vary www-authenticate proxy-authenticate location content-location last-modified etag \
        date age content-digest content-md5 host authorization cookie range if-none-match";
    for name in only_removed.split_ascii_whitespace() {
        assert_eq!(CustomField::parse(name, "x"), Err(PolicyError::NotForAPolicy), "{name}");
        assert_eq!(removable(name), Ok(()), "{name}");
    }
    // One value for all can be right.
    let set_or_removed = "expires pragma server x-robots-tag nel report-to alt-svc accept-ch critical-ch origin-trial \
        content-language content-disposition access-control-allow-origin timing-allow-origin supports-loading-mode \
        content-lengths x-content-length";
    for name in set_or_removed.split_ascii_whitespace() {
        assert!(CustomField::parse(name, "x").is_ok() && removable(name).is_ok(), "{name}");
    }
    for name in ["", "X-Powered-By", "a b", "a:"] {
        assert_eq!(removable(name), Err(PolicyError::BadFieldName), "{name:?}");
    }
}

#[test]
fn every_row_holds_for_its_header() {
    let names: Vec<_> = SecurityHeaders::HEADERS.iter().map(|header| header.name).collect();
    assert_eq!(names, SecurityHeaders::NAMES);
    for Header { name, doc, good, bad, values, .. } in SecurityHeaders::HEADERS {
        let policy = SecurityHeaders::EMPTY.with(name, good).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(policy.to_string(), format!("{name}: {good}\r\n"), "a good example is sent as it stands");
        assert!(policy.check().is_ok() && policy.without(name).unwrap().fields().next().is_none(), "{name}");
        let refused = SecurityHeaders::EMPTY.with(name, bad).map(|_| ()).expect_err(name);
        assert!(refused != PolicyError::UnknownHeader && refused.message().len() > 20, "{name}: {refused}");
        assert!(doc.ends_with('.') && !doc.starts_with(' '), "{name}: {doc:?}");
        for value in *values {
            assert_eq!(SecurityHeaders::EMPTY.with(name, value).unwrap().to_string(), format!("{name}: {value}\r\n"));
        }
    }
    for twin in SecurityHeaders::HEADERS.iter().filter(|header| header.name.ends_with("-report-only")) {
        let enforced = SecurityHeaders::HEADERS.iter().find(|header| header.name == twin.enforced()).expect(twin.name);
        assert_eq!(format!("{}-report-only", enforced.name), twin.name, "its row names it the twin");
        assert_eq!(enforced.endpoints_in, twin.endpoints_in, "{}", twin.name);
        for (value, good) in [(enforced.good, true), (enforced.bad, false)] {
            assert_eq!(SecurityHeaders::EMPTY.with(twin.name, value).is_ok(), good, "{}: {value}", twin.name);
        }
    }
}

proptest! {
    /// Whatever text is taken for a header, the block gains exactly one line by it, and nothing can break out.
    #[test]
    fn no_value_adds_a_line(slot in 0..SecurityHeaders::NAMES.len(), text in "[ -~\\r\\n\\t\\x00é]{0,60}") {
        let name = SecurityHeaders::NAMES[slot];
        if let Ok(policy) = SecurityHeaders::EMPTY.with(name, &text) {
            let block = policy.to_string();
            let lines: Vec<_> = block.split_terminator("\r\n").collect();
            prop_assert!(block.is_ascii() && block.ends_with("\r\n"));
            prop_assert!(lines.iter().all(|line| !line.contains(['\r', '\n', '\0'])));
            prop_assert_eq!(lines.iter().filter(|line| line.starts_with(&format!("{name}: "))).count(), 1);
            // What is sent is read back as the same.
            let sent = policy.fields().next().unwrap().to_string();
            prop_assert_eq!(SecurityHeaders::EMPTY.with(name, &sent).unwrap().to_string(), block.clone());
        }
    }

    #[test]
    fn every_buffer_size_gets_all_or_nothing(size in 0_usize..1200) {
        let mut buf = vec![0; size];
        let needed = SecurityHeaders::API.block_len();
        match SecurityHeaders::API.write_block(&mut buf) {
            Ok(block) => prop_assert_eq!(block.len(), needed),
            Err(error) => {
                prop_assert!(size < needed);
                prop_assert_eq!(error, RenderError::BufferTooSmall { needed });
            }
        }
    }
}
