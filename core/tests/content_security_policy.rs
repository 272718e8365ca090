//! Content-Security-Policy: what is read, what is refused and why.

use proptest::prelude::*;
use sallet_core::PolicyError::{self, *};
use sallet_core::{ContentSecurityPolicy, Directive, DirectiveName, ExtendError, Hash, Source, UrlSource};

#[test]
fn reads_policies() {
    for (given, sent) in [
        ("default-src 'self'", "default-src 'self'"),
        ("  default-src   'self' ;;script-src 'none';  ", "default-src 'self'; script-src 'none'"),
        ("sandbox; upgrade-insecure-requests", "sandbox; upgrade-insecure-requests"),
        ("sandbox allow-forms allow-scripts", "sandbox allow-forms allow-scripts"),
        ("require-trusted-types-for 'script'; trusted-types dompurify 'allow-duplicates'", ""),
        ("trusted-types 'none'", ""),
        ("report-uri /csp https://r.example/x?y=1", ""),
        ("report-to csp-endpoint", ""),
        ("script-src 'nonce-{one-for-each-request}' 'strict-dynamic' https:", ""),
        ("webrtc 'block'", ""),
        ("frame-ancestors 'self' https://a.example", ""),
        // Words of the grammar have no case (RFC 5234, section 2.3); names, digests and addresses have.
        ("Script-SRC 'SELF' 'Nonce-{one-for-each-request}'", "script-src 'self' 'nonce-{one-for-each-request}'"),
        (
            "script-src 'SHA256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=' 'Url-Sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
            "script-src 'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=' 'url-sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='",
        ),
        (
            "sandbox Allow-Scripts; trusted-types Default 'Allow-Duplicates'",
            "sandbox allow-scripts; trusted-types Default 'allow-duplicates'",
        ),
        ("report-to Main; report-uri /CSP", ""),
        // White space of any kind, as in a text over several lines.
        ("\n  default-src 'self';\r\n  img-src\t*\n    data:;\n", "default-src 'self'; img-src * data:"),
        ("script-src 'strict-dynamic'", ""),
        ("form-action com.example.app: com.example.app://cb", ""),
        ("connect-src 'unsafe-webtransport-hashes'; script-src 'report-sha256' 'report-sha384' 'report-sha512'", ""),
        ("trusted-types; sandbox", ""),
        ("trusted-types 'none' self eval", ""),
        ("img-src https://a.example/it's a.example:999999", ""),
        ("report-uri data /it's", ""),
        ("default-src 'self', script-src https:,", "default-src 'self', script-src https:"),
        // The mark is never sent.
        ("{unchecked}new-directive a 'b' {c} \"d\"; img-src *", "new-directive a 'b' {c} \"d\"; img-src *"),
        ("{unchecked}block-all-mixed-content", "block-all-mixed-content"),
        ("script-src 'self' {unchecked}'new-keyword'", "script-src 'self' 'new-keyword'"),
        ("sandbox {unchecked}allow-new; trusted-types {unchecked}a*", "sandbox allow-new; trusted-types a*"),
        (
            "upgrade-insecure-requests {unchecked}1; webrtc {unchecked}'new'",
            "upgrade-insecure-requests 1; webrtc 'new'",
        ),
    ] {
        let sent = if sent.is_empty() { given } else { sent };
        assert_eq!(ContentSecurityPolicy::parse(given).unwrap().to_string(), sent);
    }
}

#[test]
fn names_what_is_wrong() {
    for (given, error) in [
        ("", EmptyPolicy),
        (" ; ", EmptyPolicy),
        ("default-src self", UnquotedKeyword),
        ("default-src 'self' 'none'", NoneWithOthers),
        ("default-src", EmptySourceList),
        ("script-sr 'self'", UnknownDirective),
        ("script-src: 'self'", UnknownDirective),
        ("script-src 'self'; https:", Separator),
        ("default-src 'self' script-src 'self'", MissingSemicolon),
        ("default-src 'self' object-src 'none'", MissingSemicolon),
        ("default-src 'self' upgrade-insecure-requests", MissingSemicolon),
        ("script-src 'nonce'", FixedNonce),
        ("block-all-mixed-content", ObsoleteDirective),
        ("script-src 'self'; script-src *", DuplicateDirective),
        ("{unchecked}", UnknownDirective),
        ("{unchecked}Script-Src 'self'", KnownDirective),
        ("{unchecked}new-src 'self'; {unchecked}NEW-src *", DuplicateDirective),
        ("{unchecked}new-src 'nonce-abc'", FixedNonce),
        ("{unchecked}new-src {unchecked}{unchecked}x", MarkTwice),
        ("{unchecked}{unchecked}new-src", MarkTwice),
        ("{unchecked}{unchecked}script-src x", MarkTwice),
        ("{unchecked}new-{One-for-each-request}", FixedNonce),
        ("{unchecked}'nonce-{one-for-each-request}' x", FixedNonce),
        ("report-uri /csp?{one-for-each-request}", FixedNonce),
        ("{unchecked}n\u{e9}w-src", NonAscii),
        ("{unchecked}new-src \0", ControlCharacter),
        ("upgrade-insecure-requests 1", UnexpectedValue),
        ("frame-ancestors 'unsafe-inline'", KeywordNotAllowed),
        ("img-src 'nonce-{one-for-each-request}'", KeywordNotAllowed),
        ("script-src 'script'", KeywordNotAllowed),
        // One that is meant as a source reads as a directive.
        ("script-src 'self', https://cdn.example", Separator),
        ("script-src 'self'; 'unsafe-inline'", Separator),
        ("default-src 'self', script-src self", UnquotedKeyword),
        (", ;,", EmptyPolicy),
        ("script-src self'", BadQuotes),
        ("default-src a\u{a0}b", NonAscii),
        ("default-src 'self'\r\nx-evil: b@d", BadHost),
        ("default-src 'self'; x-evil\0", ControlCharacter),
        ("sandbox allow-everything", UnknownSandboxFlag),
        ("report-to", BadEndpointName),
        ("report-to a b", BadEndpointName),
        ("script-src https://a.example?x", BadHost),
        ("trusted-types a*b", BadPolicyName),
        ("webrtc 'allow' 'block'", UnexpectedValue),
        ("require-trusted-types-for 'self'", KeywordNotAllowed),
        ("script-src 'nonce-abc'", FixedNonce),
    ] {
        assert_eq!(ContentSecurityPolicy::parse(given).map(|policy| policy.to_string()), Err(error), "{given:?}");
    }
}

#[test]
fn at_most_eight_nonces() {
    let names = ["default-src", "script-src", "script-src-elem", "style-src", "style-src-elem"];
    let nonce = " 'nonce-{one-for-each-request}'";
    let text = |times: usize| names.map(|name| format!("{name}{}", nonce.repeat(times))).join("; ");
    assert!(ContentSecurityPolicy::parse(&text(1)).is_ok());
    assert_eq!(ContentSecurityPolicy::parse(&text(2)).unwrap_err(), TooManyNonces);
    let eight = format!("script-src{}; style-src{}", nonce.repeat(5), nonce.repeat(3));
    assert!(ContentSecurityPolicy::parse(&eight).is_ok());
    assert_eq!(ContentSecurityPolicy::parse(&(eight + nonce)).unwrap_err(), TooManyNonces);
}

#[test]
fn falls_back_as_csp3_section_6_8_3() {
    let policy = ContentSecurityPolicy::from_text("default-src 'none'; script-src 'self'; frame-ancestors 'self'");
    let effective = |name| policy.effective(name).and_then(|directive| directive.name());
    assert_eq!(effective(DirectiveName::ScriptSrcAttr), Some(DirectiveName::ScriptSrc));
    assert_eq!(effective(DirectiveName::WorkerSrc), Some(DirectiveName::ScriptSrc));
    assert_eq!(effective(DirectiveName::FrameSrc), Some(DirectiveName::DefaultSrc));
    assert_eq!(effective(DirectiveName::StyleSrcElem), Some(DirectiveName::DefaultSrc));
    assert_eq!(effective(DirectiveName::BaseUri), None);
    assert_eq!(effective(DirectiveName::FormAction), None);
}

#[test]
fn workers_and_frames_fall_back_over_several_steps() {
    use DirectiveName::{ChildSrc, DefaultSrc, FencedFrameSrc, FrameSrc, ScriptSrc, WorkerSrc};
    assert_eq!(WorkerSrc.fallbacks(), [ChildSrc, ScriptSrc, DefaultSrc]);
    assert_eq!(FencedFrameSrc.fallbacks(), [FrameSrc, ChildSrc, DefaultSrc]);
    let policy =
        ContentSecurityPolicy::from_text("default-src 'none'; script-src 'self'; child-src https:; worker-src data:");
    assert_eq!(policy.effective(WorkerSrc).unwrap().name(), Some(WorkerSrc));
    let policy = ContentSecurityPolicy::from_text("default-src 'none'; script-src 'self'; child-src https:");
    assert_eq!(policy.effective(WorkerSrc).unwrap().name(), Some(ChildSrc));
    let policy = ContentSecurityPolicy::from_text("script-src 'self'; frame-ancestors 'self'");
    assert_eq!(policy.effective(WorkerSrc).unwrap().name(), Some(ScriptSrc));
}

/// The example of CSP3, section 6.7.3.3 / MDN: `doSomething();` and its hash.
#[test]
fn hashes_as_browsers_do() {
    assert_eq!(Hash::of("doSomething();").as_str(), "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc='");
    assert_eq!(Hash::of("").as_str(), "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='");
}

/// An HTML parser turns CRLF and CR into LF and NUL into U+FFFD, and the browser hashes what comes out of it. The answers
/// are `printf 'a\nb' | openssl dgst -sha256 -binary | base64`, and so on.
#[test]
fn a_page_has_one_hash_whichever_its_line_ends() {
    let known =
        |text: &[u8], digest: &str| assert_eq!(Hash::of(text).as_str(), format!("'sha256-{digest}'"), "{text:?}");
    for text in ["a\nb", "a\r\nb", "a\rb"] {
        known(text.as_bytes(), "fhj3NzEbLcOy8mndeDlrA1HxT7Zu+oefdoyyMYGIPHg=");
    }
    for text in ["\n", "\r", "\r\n"] {
        known(text.as_bytes(), "AbpHGcgLb+kRsJGnwFEktk7uzpZOCcBY74+YBdrKVGs=");
    }
    for text in ["a\0b\n\n", "a\0b\r\r\n", "a\u{fffd}b\n\r", "a\0b\r\r", "a\0b\r\n\n"] {
        known(text.as_bytes(), "GLI3z5Cxyms2aw/9VUuWnM9KVSHTIRXw3oXXBHnLRQM=");
    }
}

/// Every sentence tells what to do: it says more than that something is wrong.
#[test]
fn every_message_names_a_fix() {
    let all: [PolicyError; 25] = [
        EmptyPolicy,
        UnknownDirective,
        KnownDirective,
        NestedPolicies,
        MarkTwice,
        ObsoleteDirective,
        DuplicateDirective,
        EmptySourceList,
        UnexpectedValue,
        EmptySource,
        TwoSources,
        Separator,
        ControlCharacter,
        NonAscii,
        UnquotedKeyword,
        MissingSemicolon,
        UnknownKeyword,
        BadQuotes,
        FixedNonce,
        BadHash,
        NoneWithOthers,
        KeywordNotAllowed,
        BadHost,
        PreloadWithoutSubdomains,
        NotForAPolicy,
    ];
    for error in all {
        assert!(error.to_string().split_once([':', ',']).is_some_and(|(_, fix)| fix.len() > 10), "{error}");
    }
}

/// The policy `base` with the directives of `added`, as text.
fn extended(base: &str, added: &str) -> Result<String, ExtendError> {
    let lists = lists(added);
    let added: Vec<_> = lists.iter().map(|(name, sources)| (*name, &**sources)).collect();
    let base = ContentSecurityPolicy::from_text(base);
    base.extended(&added).write(&mut [0; 1024]).map(|policy| policy.to_string())
}

fn lists(text: &str) -> Vec<(DirectiveName, Vec<Source<'_>>)> {
    let words = text.split("; ").map(|directive| directive.split(' '));
    words
        .map(|mut words| (DirectiveName::parse(words.next().unwrap()).unwrap(), words.map(Source::new).collect()))
        .collect()
}

#[test]
fn extended_policies() {
    let script = "default-src 'none'; script-src 'nonce-{one-for-each-request}' 'strict-dynamic' https://s.example";
    for (base, added, expected) in [
        ("default-src 'self'", "img-src data:", "default-src 'self'; img-src 'self' data:"),
        ("img-src 'self'", "img-src data: 'self' data:", "img-src 'self' data:"),
        ("default-src 'none'", "img-src data:; img-src blob:", "default-src 'none'; img-src data: blob:"),
        ("img-src 'none'", "img-src 'none'", "img-src 'none'"),
        ("default-src 'self'", "img-src", "default-src 'self'; img-src 'self'"),
        // What is added to the list that would have ruled is allowed here too.
        (
            "script-src 'self'",
            "script-src https://a; script-src-elem https://b",
            "script-src 'self' https://a; script-src-elem 'self' https://a https://b",
        ),
        (
            "default-src 'none'",
            "script-src-elem https://b; script-src 'nonce-{one-for-each-request}' 'strict-dynamic'",
            "default-src 'none'; script-src-elem 'nonce-{one-for-each-request}' 'strict-dynamic' https://b; \
             script-src 'nonce-{one-for-each-request}' 'strict-dynamic'",
        ),
        (
            "default-src 'self'",
            "default-src data:; script-src 'nonce-{one-for-each-request}' https://a; worker-src blob:; font-src 'self'",
            "default-src 'self' data:; script-src 'self' data: 'nonce-{one-for-each-request}' https://a; \
             worker-src 'self' data: https://a blob:; font-src 'self' data:",
        ),
        (
            "script-src-elem 'self'; script-src *",
            "script-src https://a",
            "script-src-elem 'self'; script-src * https://a",
        ),
        // Each of several, and what is unchecked stays as it is.
        (
            "script-src 'self', {unchecked}new-src x; script-src 'none'",
            "script-src {unchecked}'new'",
            "script-src 'self' 'new', new-src x; script-src 'new'",
        ),
        // Each is enforced, so a second list of what is left would take the first one's away.
        (
            "img-src 'self', sandbox allow-forms; trusted-types a",
            "sandbox allow-scripts; trusted-types b; report-uri /r; webrtc 'block'",
            "img-src 'self'; report-uri /r; webrtc 'block', sandbox allow-forms allow-scripts; trusted-types a b; report-uri /r; \
             webrtc 'block'",
        ),
        // Allowed already; a list would take that away.
        ("script-src 'self'", "img-src data:; form-action https:", "script-src 'self'"),
        ("img-src *", "sandbox allow-forms; report-to csp", "img-src *; sandbox allow-forms; report-to csp"),
        // Whole where it can be whole, otherwise what the directive takes.
        (
            script,
            "script-src-elem https://x",
            &format!(
                "{script}; script-src-elem 'nonce-{{one-for-each-request}}' 'strict-dynamic' https://s.example https://x"
            ),
        ),
        // 'strict-dynamic' allows every worker that a script asks for, and a list of their own would not.
        (script, "worker-src blob:", script),
        (script, "script-src 'strict-dynamic' data:", &format!("{script} data:")),
        // Found by the property below: the new child-src ruled workers, and script-src no longer.
        (
            script,
            "child-src https://c",
            &format!("{script}; child-src https://c; worker-src https://s.example https://c"),
        ),
        (
            script,
            "child-src https://c; worker-src https://w",
            &format!("{script}; child-src https://c; worker-src https://s.example https://c https://w"),
        ),
    ] {
        assert_eq!(extended(base, added).as_deref(), Ok(expected), "{base} + {added}");
    }
}

#[test]
fn an_extended_policy_is_checked_as_every_policy() {
    for (base, added, error) in [
        ("default-src 'self'", "img-src 'nonce-{one-for-each-request}'", KeywordNotAllowed),
        ("default-src 'self'", "img-src 'none'", NoneWithOthers),
        ("default-src 'self'", "upgrade-insecure-requests 'self'", UnexpectedValue),
        ("report-to a", "report-to b", BadEndpointName),
    ] {
        assert_eq!(extended(base, added), Err(ExtendError::Policy(error)), "{base} + {added}");
    }
    let policy = ContentSecurityPolicy::STRICT;
    let needed = policy.to_string().len();
    assert_eq!(policy.extended(&[]).write(&mut [0; 9]).unwrap_err(), ExtendError::BufferTooSmall { needed });
}

/// Directives that rule something, by their names or for those that fall back to them.
const RULING: [&str; 10] = [
    "default-src",
    "script-src",
    "script-src-elem",
    "style-src",
    "child-src",
    "frame-src",
    "worker-src",
    "img-src",
    "base-uri",
    "form-action",
];

/// Lists that scripts and styles alone take, and then those that every directive takes.
const LISTS: [&str; 8] = [
    "'nonce-{one-for-each-request}'",
    "'strict-dynamic' https://a.example",
    "'nonce-{one-for-each-request}' 'strict-dynamic' https://a.example",
    "'self' 'nonce-{one-for-each-request}' data:",
    "'none'",
    "'self'",
    "'self' https://a.example",
    "'sha256-RFWPLDbv2BY+rCkDzsE+0fr8ylGr2R2faWMhq4lfEQc=' data:",
];

/// Some of those directives, each with one of those lists.
fn some_directives() -> impl Strategy<Value = String> {
    proptest::collection::btree_map(0..RULING.len(), 0..LISTS.len(), 1..5).prop_map(|directives| {
        let directive = |(name, list): (usize, usize)| {
            let list = if (0..4).contains(&name) { list } else { list.max(4) };
            format!("{} {}", RULING[name], LISTS[list])
        };
        directives.into_iter().map(directive).collect::<Vec<_>>().join("; ")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// By a model: what rules a directive before is all in what rules it after, as far as the directive takes it, and so
    /// is what was added. What nothing ruled, nothing rules.
    #[test]
    fn extending_takes_nothing_away(base in some_directives(), added in some_directives()) {
        let before = ContentSecurityPolicy::from_text(&base);
        let added = added.replace("'none'", "https://b.example");
        let text = extended(&base, &added).unwrap();
        let after = ContentSecurityPolicy::from_text(&text);
        for name in RULING.map(|name| DirectiveName::parse(name).unwrap()) {
            let Some(ruling) = before.effective(name) else {
                prop_assert!(after.effective(name).is_none(), "{:?} of {:?}", name, text);
                continue;
            };
            let sources: Vec<_> = ruling.sources().collect();
            let whole = Directive::try_new(name, &sources).is_ok();
            // 'strict-dynamic' means something to scripts alone, and next to the nonce of its list.
            let alone = |source: &Source<'_>| *source != Source::STRICT_DYNAMIC && Directive::try_new(name, &[*source]).is_ok();
            let takes = |source: &Source<'_>| whole || alone(source);
            let kept = sources.into_iter().filter(|source| *source != Source::NONE && takes(source));
            let trusted = name == DirectiveName::WorkerSrc && ruling.has("'strict-dynamic'");
            prop_assert!(!trusted || added.contains("child-src") || after.effective(name).unwrap().has("'strict-dynamic'"));
            let more = lists(&added).into_iter().filter(|_| !trusted).filter(|(at, _)| *at == name).flat_map(|(_, sources)| sources);
            // What is added to a list that would have ruled it is added to it too.
            let inherits = |at: DirectiveName| {
                before.effective(at).and_then(|directive| directive.name()) == ruling.name() && name.fallbacks().contains(&at)
            };
            let is_new = before.directive(name).is_none() && lists(&added).iter().any(|(at, _)| *at == name) && !trusted;
            let inherited = lists(&added).into_iter().filter(|(at, _)| is_new && inherits(*at)).flat_map(|(_, sources)| sources);
            for source in kept.chain(more).chain(inherited.filter(alone)) {
                prop_assert!(after.effective(name).unwrap().has(source.as_str()), "{:?} of {:?}: {:?}", name, text, source);
            }
        }
    }

    /// A URL has no name in CSP, or one that every policy takes.
    #[test]
    fn a_source_of_a_url_is_a_source(url in "((https?|WSS?|ftp)://[a-c.:0@]{1,6}|//|:|)(/[ -~\u{e9}]{0,20}|[ -~]{0,9})") {
        if let Some(source) = UrlSource::of(&url) {
            let text = source.to_string();
            prop_assert!(Directive::try_new(DirectiveName::ImgSrc, &[Source::parse(&text).unwrap()]).is_ok(), "{text:?}");
            let mut buf = [0; 128];
            prop_assert_eq!(source.write(&mut buf).unwrap().as_str(), &text);
            prop_assert!(text.starts_with(&UrlSource::origin_of(&url).unwrap().to_string()));
        }
    }
}

proptest! {
    /// What is read and sent is read again as the same policy; no source changes what a later directive says.
    #[test]
    fn sent_and_read_again(
        words in proptest::collection::vec(
            prop_oneof![
                Just("default-src".to_owned()), Just("script-src".to_owned()), Just("'self'".to_owned()),
                Just("'none'".to_owned()), Just(";".to_owned()), Just("https:".to_owned()), "[ -~]{1,12}",
            ],
            0..12,
        )
    ) {
        let text = words.join(" ");
        if let Ok(policy) = ContentSecurityPolicy::parse(&text) {
            let sent = policy.to_string();
            prop_assert_eq!(ContentSecurityPolicy::parse(&sent).unwrap().to_string(), sent.clone());
            prop_assert_eq!(sent.split("; ").count(), policy.directives().count());
            for (part, directive) in sent.split("; ").zip(policy.directives()) {
                prop_assert_eq!(part.split(' ').next(), Some(directive.name_str()));
                prop_assert_eq!(part.split(' ').count(), 1 + directive.sources().count());
            }
        }
    }
}
