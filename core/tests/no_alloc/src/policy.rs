use sallet_core::*;

use crate::{prints, speaks, unknown};

static API: &str = const_block!(SecurityHeaders::API);
static PAGE: Template<'static> = const_template!(
    SecurityHeaders::EMPTY
        .content_security_policy(Some(ContentSecurityPolicy::new(&[Directive::script_src(&[Source::NONCE])])))
);

pub fn works() -> bool {
    cursor() && setters() && views() && nonces() && lints()
}

fn cursor() -> bool {
    let mut buf = [0; 8];
    let mut whole = Cursor::new(&mut buf);
    whole.put(unknown("age=").as_bytes());
    whole.put_decimal(core::hint::black_box(60));
    let fits = whole.written() == 6 && whole.finish() == Ok(b"age=60");

    let mut small = [0; 2];
    let mut part = Cursor::window(&mut small, 4);
    part.put(b"age=60");
    let needed = BufferTooSmall { needed: 6 };
    fits && part.finish() == Err(needed) && small == *b"60" && needed.needed == 6 && speaks(needed)
}

fn setters() -> bool {
    let policy = ContentSecurityPolicy::from_text(unknown("default-src 'self'"));
    let custom = [CustomField::new("x-robots-tag", unknown("noindex"))];
    let all = SecurityHeaders::EMPTY
        .content_security_policy(Some(policy))
        .content_security_policy_report_only(Some(policy))
        .strict_transport_security(Some(StrictTransportSecurity::new(1)))
        .x_content_type_options(Some(XContentTypeOptions::NoSniff))
        .x_frame_options(Some(XFrameOptions::Deny))
        .referrer_policy(Some(ReferrerPolicy::NoReferrer))
        .cross_origin_opener_policy(Some(CrossOriginOpenerPolicy::SameOrigin))
        .cross_origin_embedder_policy(Some(CrossOriginEmbedderPolicy::RequireCorp))
        .cross_origin_resource_policy(Some(CrossOriginResourcePolicy::SameOrigin))
        .permissions_policy(Some(PermissionsPolicy::new("camera=()")))
        .origin_agent_cluster(Some(OriginAgentCluster::Yes))
        .reporting_endpoints(Some(ReportingEndpoints::new("csp=\"https://report.example\"")))
        .cache_control(Some(CacheControl::NO_STORE))
        .x_dns_prefetch_control(Some(XDnsPrefetchControl::Off))
        .x_download_options(Some(XDownloadOptions::NoOpen))
        .x_permitted_cross_domain_policies(Some(XPermittedCrossDomainPolicies::None))
        .x_xss_protection(Some(XXssProtection::Off))
        .custom(&custom);
    let named = SecurityHeaders::STRICT.with(unknown("x-frame-options"), unknown("SAMEORIGIN"));
    all.checked().fields().count() == SecurityHeaders::NAMES.len() + 1
        && SecurityHeaders::EMPTY.try_custom(&[CustomField::new("x-frame-options", "DENY")]).is_err()
        && named.is_ok_and(|named| {
            named.without(unknown("x-frame-options")).is_ok() && SecurityHeaders::check(named).is_ok()
        })
        && SecurityHeaders::over(all, Scheme::Http).fields().count() == SecurityHeaders::NAMES.len()
        && SecurityHeaders::over(all, Scheme::Https).fields().count() == SecurityHeaders::NAMES.len() + 1
}

fn views() -> bool {
    let policy = core::hint::black_box(SecurityHeaders::API);
    let classic = core::hint::black_box(SecurityHeaders::CLASSIC);
    let mut fields: Fields<'_> = classic.fields();
    let Some(field) = fields.next_field() else { return false };
    let mut value = [0; 64];
    let Ok((text, slots)) = Field::write_value(&field, &mut value) else { return false };

    let mut buf = [0; 1024];
    let Ok(block) = policy.write_block(&mut buf) else { return false };
    let needed = SecurityHeaders::block_len(&policy);
    let mut sent = [0; 1024];
    let mut wire = &mut sent[..];
    let left = match policy.send_block(&mut wire) {
        Ok(()) => wire.len(),
        Err(WriteError::NonceNeeded | WriteError::Writer(_)) => return false,
    };
    block == API.as_bytes()
        && needed == API.len()
        && left == 1024 - needed
        && sent[..needed] == *API.as_bytes()
        && policy.to_vec::<1024>().is_ok_and(|vec| vec == API.as_bytes())
        && prints(policy, API)
        && policy.write_block(&mut [0; 4]) == Err(RenderError::BufferTooSmall { needed })
        && speaks(RenderError::NonceNeeded)
        && (Field::name(&field), field.value_len()) == ("content-security-policy", text.len())
        && NonceSlots::is_empty(&slots)
}

fn nonces() -> bool {
    let nonce = Nonce::new(core::hint::black_box([0xA5; NONCE_ENTROPY]));
    let mut buf = [0; 128];
    let Ok(block) = PAGE.write(&nonce, &mut buf) else { return false };
    let mut sent = [0; 128];
    let is_sent = PAGE.send(&nonce, &mut &mut sent[..]).is_ok() && sent[..block.len()] == *block;

    let policy = SecurityHeaders::EMPTY
        .content_security_policy(Some(ContentSecurityPolicy::from_text(unknown("script-src 'self'"))))
        .with("content-security-policy-report-only", "script-src 'none'");
    let with_nonce = [Directive::script_src(&[Source::NONCE])];
    let page = SecurityHeaders::EMPTY.content_security_policy(Some(ContentSecurityPolicy::new(&with_nonce)));
    let mut other = [0; 128];
    let same = page.template(&mut other).is_ok_and(|template| Template::len(&template) == block.len());

    let mut value = [0; 64];
    let Some(Ok((text, slots))) = page.fields().next().map(|field| field.write_value(&mut value)) else { return false };
    let mut filled = [0; 64];
    let filled = &mut filled[..text.len()];
    filled.copy_from_slice(text.as_bytes());
    slots.fill(&nonce, filled);
    is_sent
        && same
        && policy.is_ok_and(|policy| !SecurityHeaders::needs_nonce(&policy))
        && !Template::is_empty(&PAGE)
        && !Nonce::fits(core::hint::black_box(304))
        && slots.positions().eq([18])
        && filled[18..18 + NONCE_LEN] == *Nonce::as_str(&nonce).as_bytes()
        && prints(nonce, "paWlpaWlpaWlpaWlpaWlpQ")
}

fn lints() -> bool {
    let weak = SecurityHeaders::EMPTY.lint().next();
    weak.is_some_and(|lint: Lint| {
        lint.severity == Severity::High
            && lint.header == "content-security-policy"
            && lint.directive.is_empty()
            && !lint.reason.is_empty()
            && !lint.remedy.is_empty()
    }) && SecurityHeaders::STRICT.lint().next().is_none()
        && [Severity::Low, Severity::Medium].iter().all(|&severity| !Severity::as_str(severity).is_empty())
        && SecurityHeaders::CLASSIC.lint().all(speaks)
}
