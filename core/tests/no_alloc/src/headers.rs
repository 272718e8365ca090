use sallet_core::*;

use crate::{prints, speaks, unknown};

pub fn works() -> bool {
    tokens() && texts() && errors()
}

/// Whether each value is read back from its own text, and nothing else is.
fn each<T: Copy + PartialEq, const N: usize>(
    values: [T; N],
    as_str: fn(T) -> &'static str,
    parse: fn(&str) -> Result<T, PolicyError>,
) -> bool {
    parse(unknown("no such value")).is_err() && values.iter().all(|value| parse(unknown(as_str(*value))) == Ok(*value))
}

fn tokens() -> bool {
    each(
        [
            CrossOriginEmbedderPolicy::RequireCorp,
            CrossOriginEmbedderPolicy::Credentialless,
            CrossOriginEmbedderPolicy::UnsafeNone,
        ],
        CrossOriginEmbedderPolicy::as_str,
        CrossOriginEmbedderPolicy::parse,
    ) && each(
        [
            CrossOriginOpenerPolicy::SameOrigin,
            CrossOriginOpenerPolicy::SameOriginAllowPopups,
            CrossOriginOpenerPolicy::NoopenerAllowPopups,
            CrossOriginOpenerPolicy::UnsafeNone,
        ],
        CrossOriginOpenerPolicy::as_str,
        CrossOriginOpenerPolicy::parse,
    ) && each(
        [
            CrossOriginResourcePolicy::SameOrigin,
            CrossOriginResourcePolicy::SameSite,
            CrossOriginResourcePolicy::CrossOrigin,
        ],
        CrossOriginResourcePolicy::as_str,
        CrossOriginResourcePolicy::parse,
    ) && each([OriginAgentCluster::Yes, OriginAgentCluster::No], OriginAgentCluster::as_str, OriginAgentCluster::parse)
        && each(
            [
                ReferrerPolicy::NoReferrer,
                ReferrerPolicy::NoReferrerWhenDowngrade,
                ReferrerPolicy::SameOrigin,
                ReferrerPolicy::Origin,
                ReferrerPolicy::StrictOrigin,
                ReferrerPolicy::OriginWhenCrossOrigin,
                ReferrerPolicy::StrictOriginWhenCrossOrigin,
                ReferrerPolicy::UnsafeUrl,
            ],
            ReferrerPolicy::as_str,
            ReferrerPolicy::parse,
        )
        && each([XContentTypeOptions::NoSniff], XContentTypeOptions::as_str, XContentTypeOptions::parse)
        && each(
            [XDnsPrefetchControl::On, XDnsPrefetchControl::Off],
            XDnsPrefetchControl::as_str,
            XDnsPrefetchControl::parse,
        )
        && each([XDownloadOptions::NoOpen], XDownloadOptions::as_str, XDownloadOptions::parse)
        && each([XFrameOptions::Deny, XFrameOptions::SameOrigin], XFrameOptions::as_str, XFrameOptions::parse)
        && each(
            [
                XPermittedCrossDomainPolicies::None,
                XPermittedCrossDomainPolicies::MasterOnly,
                XPermittedCrossDomainPolicies::ByContentType,
                XPermittedCrossDomainPolicies::ByFtpFilename,
                XPermittedCrossDomainPolicies::All,
            ],
            XPermittedCrossDomainPolicies::as_str,
            XPermittedCrossDomainPolicies::parse,
        )
        && each(
            [XXssProtection::Off, XXssProtection::Block, XXssProtection::On],
            XXssProtection::as_str,
            XXssProtection::parse,
        )
}

fn texts() -> bool {
    let hsts = StrictTransportSecurity::new(63_072_000).include_subdomains().preload();
    let permissions = PermissionsPolicy::new(unknown("camera=(), geolocation=(self)"));
    let endpoints = ReportingEndpoints::new(unknown("csp=\"https://report.example/csp\""));
    let field = CustomField::new(unknown("x-robots-tag"), unknown("noindex"));
    hsts.max_age() == 63_072_000
        && StrictTransportSecurity::includes_subdomains(&hsts)
        && prints(hsts, "max-age=63072000; includeSubDomains; preload")
        && StrictTransportSecurity::parse(unknown("max-age=10; preload")).is_err()
        && PermissionsPolicy::as_str(&permissions).len() == 29
        && PermissionsPolicy::parse(unknown("camera=")).is_err()
        && ReportingEndpoints::as_str(&endpoints).starts_with("csp=")
        && endpoints.defines(unknown("csp"))
        && !endpoints.defines(unknown("other"))
        && ReportingEndpoints::parse(unknown("csp=https://report.example")).is_err()
        && CacheControl::as_str(&CacheControl::NO_STORE) == "no-store"
        && CacheControl::PRIVATE.forbids_sharing()
        && !CacheControl::forbids_sharing(&CacheControl::new(unknown("max-age=60")))
        && CacheControl::parse(unknown("max-age=60\r\n")).is_err()
        && allows_sharing([unknown("public").as_bytes()])
        && (CustomField::name(&field), field.value()) == ("x-robots-tag", "noindex")
        && CustomField::parse(unknown("x y"), "").is_err()
        && removable(unknown("x-powered-by")).is_ok()
}

fn errors() -> bool {
    let every = [
        PolicyError::EmptyPolicy,
        PolicyError::UnknownDirective,
        PolicyError::DirectiveCase,
        PolicyError::ObsoleteDirective,
        PolicyError::DuplicateDirective,
        PolicyError::EmptySourceList,
        PolicyError::UnexpectedValue,
        PolicyError::EmptySource,
        PolicyError::TwoSources,
        PolicyError::Separator,
        PolicyError::ControlCharacter,
        PolicyError::NonAscii,
        PolicyError::UnquotedKeyword,
        PolicyError::KeywordCase,
        PolicyError::UnknownKeyword,
        PolicyError::BadQuotes,
        PolicyError::BareScheme,
        PolicyError::FixedNonce,
        PolicyError::TooManyNonces,
        PolicyError::BadHash,
        PolicyError::NoneWithOthers,
        PolicyError::StrictDynamicAlone,
        PolicyError::KeywordNotAllowed,
        PolicyError::BadHost,
        PolicyError::UnknownSandboxFlag,
        PolicyError::BadPolicyName,
        PolicyError::BadEndpointName,
        PolicyError::UndefinedEndpoint("report-to names an endpoint"),
        PolicyError::PreloadWithoutSubdomains,
        PolicyError::PreloadTooShort,
        PolicyError::DuplicateFeature,
        PolicyError::BadValue("use nosniff"),
        PolicyError::UnknownHeader,
        PolicyError::BadFieldName,
        PolicyError::BadFieldValue,
        PolicyError::NotForAPolicy,
        PolicyError::NotCustom,
        PolicyError::DuplicateHeader,
        PolicyError::SharedNonce,
    ];
    every.iter().all(|&error| speaks(error) && prints(error, PolicyError::message(error)))
}
