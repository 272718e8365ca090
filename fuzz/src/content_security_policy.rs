//! A policy as text: what is taken means to a browser what it means to us.

use sallet_core::{
    Addition, ContentSecurityPolicy, Directive, DirectiveName, ExtendError, PolicyError, RenderError, Scheme,
    SecurityHeaders, Source, UrlSource,
};

use crate::{buffers, csp3, wire};

const NAME: &str = "content-security-policy";
const NONCE: &str = "'nonce-{one-for-each-request}'";
const MARK: &str = "{unchecked}";

/// A policy.
pub fn content_security_policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    // Words of a policy, and what a caller may take for one: with the separators in it, up to the whole of it.
    let words = text.split([' ', ';', ',']).chain(text.split(' ')).chain([text]);
    for word in words {
        let source = Source::parse(word);
        if !word.starts_with(MARK) {
            assert_eq!(source.is_ok_and(|source| source.is_hash()), csp3::is_hash_source(word), "{word:?}");
        }
        if let Ok(source) = source {
            let sent = word.strip_prefix(MARK).unwrap_or(word);
            assert_eq!(source.is_unchecked(), sent != word);
            assert!(source.as_str().eq_ignore_ascii_case(sent));
            assert!(source.as_str() == sent || source.is_quoted(), "hosts and names keep their case");
            assert!(sent.bytes().all(|byte| matches!(byte, 0x21..=0x7e) && !b";,".contains(&byte)), "{word:?}");
            assert!(source.is_unchecked() || !sent.contains(['"', '`']), "{word:?}");
        }
        if let Ok(name) = DirectiveName::parse(word) {
            assert_eq!(name.as_str(), word.to_ascii_lowercase());
        }
        if let Some(source) = UrlSource::of(word).map(|source| source.to_string()) {
            assert!(csp3::is_source_expression(&source) && Source::parse(&source).is_ok(), "{word:?} is {source:?}");
        }
    }
    let parsed = ContentSecurityPolicy::parse(text);
    assert_eq!(SecurityHeaders::EMPTY.with(NAME, text).is_ok(), parsed.is_ok());
    if matches!(parsed, Err(PolicyError::TooManyNonces)) {
        assert!(text.to_ascii_lowercase().matches(NONCE).count() > 8);
    }
    let Ok(policy) = parsed else { return };

    let rendered = policy.to_string();
    wire::assert_value(&rendered);
    let marked = policy.marked().to_string();
    let again = ContentSecurityPolicy::parse(&marked).expect("what is marked can be read");
    assert_eq!((again.to_string(), again.marked().to_string()), (rendered.clone(), marked.clone()));
    if marked == rendered {
        as_a_browser_reads(&policy, text, &rendered);
    }
    for policy in policy.policies() {
        let (rendered, marked) = (policy.to_string(), policy.marked().to_string());
        typed(&policy, &rendered);
        fallbacks(&policy);
        over_http(&policy, &rendered);
        more(policy, &marked);
    }
    nonces(&policy, &rendered);
    in_a_block(policy, &rendered, data.len());
}

/// The policies that were written, no directive twice, and in each just what was written: before and after, but for the case of
/// words of the grammar.
fn as_a_browser_reads(policy: &ContentSecurityPolicy<'_>, text: &str, rendered: &str) {
    let read = |policy: ContentSecurityPolicy<'_>| -> Vec<csp3::Directive> {
        let directive = |directive: Directive<'_>| {
            let sources = directive.sources().map(|source| source.as_str().to_owned());
            (directive.name_str().to_owned(), sources.collect())
        };
        policy.directives().map(directive).collect()
    };
    let ours: Vec<_> = policy.policies().map(read).collect();
    assert!(ours.iter().all(|policy| !policy.is_empty()));
    assert_eq!(csp3::lower(csp3::policies(text)), csp3::lower(ours.clone()), "as it was given");
    assert_eq!(csp3::lower(csp3::policies(rendered)), csp3::lower(ours.clone()), "as it is sent");
    for ours in ours {
        for (i, (name, sources)) in ours.iter().enumerate() {
            assert!(ours[..i].iter().all(|(other, _)| other != name), "{name} stands once");
            if is_source_list(name) {
                source_list(name, sources);
            }
        }
    }
}

fn is_source_list(name: &str) -> bool {
    name.ends_with("-src") || name.contains("-src-") || ["base-uri", "form-action", "frame-ancestors"].contains(&name)
}

/// Nothing in it that a browser would skip in silence, or that would undo the rest.
fn source_list(name: &str, sources: &[String]) {
    assert!(!sources.is_empty(), "{name}: 'none' is written out");
    for source in sources {
        assert!(source == NONCE || csp3::is_source_expression(source), "{name} {source:?}");
        assert!(source != "'none'" || sources.len() == 1, "'none' stands alone");
    }
}

/// The same policy, put together from its parts.
fn typed(policy: &ContentSecurityPolicy<'_>, rendered: &str) {
    let parts: Vec<(_, Vec<_>)> =
        policy.directives().map(|directive| (directive, directive.sources().collect())).collect();
    let directives: Result<Vec<_>, PolicyError> = parts
        .iter()
        .map(|(directive, sources)| match directive.name() {
            Some(name) => Directive::try_new(name, sources),
            None => Directive::try_unchecked(directive.name_str(), sources),
        })
        .collect();
    let directives = directives.expect("each directive is good by itself");
    assert_eq!(ContentSecurityPolicy::try_new(&directives).unwrap().to_string(), rendered);
    let twice = [&directives[..], &directives[..1]].concat();
    assert_eq!(ContentSecurityPolicy::try_new(&twice).unwrap_err(), PolicyError::DuplicateDirective);
}

fn nonces(policy: &ContentSecurityPolicy<'_>, rendered: &str) {
    let count = rendered.matches(NONCE).count();
    assert_eq!(policy.needs_nonce(), count > 0);
    assert!(count <= 8);
    let without = policy.without_nonce();
    assert!(!without.needs_nonce() && !without.to_string().contains(NONCE));
    assert_eq!(without.to_string() == rendered, count == 0);
}

/// `effective` is the directive itself, or the first of its fallbacks that is there.
fn fallbacks(policy: &ContentSecurityPolicy<'_>) {
    use DirectiveName::{
        DefaultSrc, FencedFrameSrc, FrameAncestors, FrameSrc, ScriptSrc, ScriptSrcAttr, StyleSrcElem, WorkerSrc,
    };
    for name in
        [DefaultSrc, FencedFrameSrc, FrameAncestors, FrameSrc, ScriptSrc, ScriptSrcAttr, StyleSrcElem, WorkerSrc]
    {
        let chain = std::iter::once(name.as_str()).chain(csp3::fallbacks(name.as_str()).iter().copied());
        let expected = chain.into_iter().find(|one| policy.directives().any(|found| found.name_str() == *one));
        assert_eq!(policy.effective(name).map(|directive| directive.name_str()), expected);
    }
}

/// With what it has, a policy stays as it is; it can be added to another, and another to it.
fn more(policy: ContentSecurityPolicy<'_>, marked: &str) {
    let known = policy.directives().filter_map(|directive| Some((directive.name()?, directive.sources().collect())));
    let parts: Vec<(_, Vec<_>)> = known.collect();
    let added: Vec<Addition<'_>> = parts.iter().map(|(name, sources)| (*name, &**sources)).collect();
    let mut buf = vec![0; marked.len()];
    assert_eq!(policy.extended(&added).write(&mut buf).unwrap().marked().to_string(), marked);
    if marked.contains(MARK) {
        return;
    }
    extended(ContentSecurityPolicy::STRICT, &added);
    let source = [Source::new("https://added.example")];
    for name in [DirectiveName::ChildSrc, DirectiveName::ScriptSrc, DirectiveName::StyleSrcElem, DirectiveName::ImgSrc]
    {
        extended(policy, &[(name, &source)]);
    }
}

/// What ruled a directive before is all in what rules it after, as far as the directive takes it, and so is what was
/// added; what nothing ruled, nothing rules.
fn extended(base: ContentSecurityPolicy<'_>, added: &[Addition<'_>]) {
    let extended = base.extended(added);
    let text = extended.to_string();
    let mut buf = vec![0; text.len()];
    let after = match extended.write(&mut buf) {
        Ok(policy) => policy.to_string(),
        Err(error) => return assert!(matches!(error, ExtendError::Policy(_)), "{error}"),
    };
    assert_eq!(after, text);
    let ruling = |policy: &[csp3::Directive], name: DirectiveName| {
        let chain = std::iter::once(name.as_str()).chain(csp3::fallbacks(name.as_str()).iter().copied());
        let sources = |one| policy.iter().find(|(found, _)| found == one).map(|(_, sources)| sources.clone());
        chain.into_iter().find_map(sources)
    };
    let [before, after] = [base.to_string(), after].map(|text| csp3::policies(&text).remove(0));
    let names = after.iter().map(|(name, _)| DirectiveName::parse(name).unwrap());
    for name in names.chain([DirectiveName::WorkerSrc, DirectiveName::FrameSrc, DirectiveName::ScriptSrcAttr]) {
        let Some(before) = ruling(&before, name) else {
            assert!(!is_source_list(name.as_str()) || ruling(&after, name).is_none(), "{name:?} of {text:?}");
            continue;
        };
        let sources: Vec<_> = before.iter().map(|source| Source::new(source)).collect();
        let whole = Directive::try_new(name, &sources).is_ok();
        let alone = |source| source != Source::STRICT_DYNAMIC && Directive::try_new(name, &[source]).is_ok();
        let kept = sources.into_iter().filter(|source| whole || alone(*source));
        let kept = kept.filter(|source| *source != Source::NONE);
        // It allows every worker that a script asks for, whatever is listed.
        let trusted = name == DirectiveName::WorkerSrc && before.iter().any(|source| source == "'strict-dynamic'");
        let more = added.iter().filter(|(at, _)| *at == name && !trusted).flat_map(|(_, sources)| *sources).copied();
        let after = ruling(&after, name).expect("it is ruled still");
        for source in kept.chain(more) {
            assert!(after.iter().any(|one| one == source.as_str()), "{name:?} of {text:?}: {source:?}");
        }
    }
}

/// Over HTTP nothing but `upgrade-insecure-requests` and `report-to` is missing.
fn over_http(policy: &ContentSecurityPolicy<'_>, rendered: &str) {
    assert_eq!(policy.over(Scheme::Https).unwrap().to_string(), rendered);
    let mut left = csp3::policies(rendered).remove(0);
    left.retain(|(name, _)| name != "upgrade-insecure-requests" && name != "report-to");
    let plain = policy.over(Scheme::Http).map(|policy| csp3::policies(&policy.to_string()).remove(0));
    assert_eq!(plain, (!left.is_empty()).then_some(left));
}

/// One line, whose size is known before.
fn in_a_block(policy: ContentSecurityPolicy<'_>, rendered: &str, size: usize) {
    let headers = SecurityHeaders::EMPTY.content_security_policy(Some(policy));
    assert_eq!(headers.lint().filter(|lint| lint.to_string().lines().count() != 1).count(), 0);
    if policy.needs_nonce() {
        assert_eq!(headers.write_block(&mut [0; 4096]), Err(RenderError::NonceNeeded));
        return;
    }
    let block = buffers::exact(size, |buf| match headers.write_block(buf) {
        Ok(block) => Ok(block.to_vec()),
        Err(RenderError::BufferTooSmall { needed }) => Err(needed),
        Err(RenderError::NonceNeeded) => panic!("there is no nonce"),
    });
    assert_eq!(wire::fields(&block), [(NAME.to_owned(), rendered.to_owned())]);
}
