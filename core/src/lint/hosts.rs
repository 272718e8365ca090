//! Hosts that an attacker can make run a script of their choice, and domains below which anyone can have one.
//!
//! A list of hosts in `script-src` is only as strong as its weakest file: of the policies with one that Weichselbaum et al.
//! looked at, 94 % could be got round ("CSP Is Dead, Long Live CSP!", CCS 2016, section 3 and table 4). Here are the hosts of
//! that table and of their kind that real policies name most; a host that is not here is not proved safe.

use super::sources::Parts;

/// Whole hosts.
const BYPASSES: &[&str] = &[
    // Each serves what anyone has published on npm or GitHub, or old AngularJS, by its own documentation.
    "ajax.googleapis.com",
    "cdn.bootcss.com",
    "cdn.jsdelivr.net",
    "cdn.rawgit.com",
    "cdn.skypack.dev",
    "cdn.statically.io",
    "cdnjs.cloudflare.com",
    "code.angularjs.org",
    "esm.run",
    "esm.sh",
    "fastly.jsdelivr.net",
    "ga.jspm.io",
    "jspm.dev",
    "oss.maxcdn.com",
    "raw.githack.com",
    "rawcdn.githack.com",
    "rawgit.com",
    "unpkg.com",
    "yandex.st",
    "yastatic.net",
    // Sold in 2024, and served malware.
    "cdn.polyfill.io",
    "polyfill.io",
    // Storage and containers of anyone.
    "dl.dropboxusercontent.com",
    "googletagmanager.com",
    "raw.githubusercontent.com",
    "s3.amazonaws.com",
    "storage.googleapis.com",
    "tagmanager.google.com",
    "www.googletagmanager.com",
    // Endpoints that return a script with a name of the caller's choice (JSONP), or AngularJS.
    "accounts.google.com",
    "an.yandex.ru",
    "api.facebook.com",
    "api.flickr.com",
    "api.github.com",
    "api.map.baidu.com",
    "api.mixpanel.com",
    "api.vk.com",
    "books.google.com",
    "catalog.api.2gis.ru",
    "cdn.shopify.com",
    "cdn.syndication.twimg.com",
    "cdn.syndication.twitter.com",
    "clients1.google.com",
    "connect.mail.ru",
    "cse.google.com",
    "dev.virtualearth.net",
    "fast.wistia.com",
    "googleads.g.doubleclick.net",
    "graph.facebook.com",
    "gstatic.com",
    "gum.criteo.com",
    "ib.adnxs.com",
    "links.services.disqus.com",
    "m.addthis.com",
    "maps.google.com",
    "maps.googleapis.com",
    "mc.yandex.ru",
    "nominatim.openstreetmap.org",
    "pagead2.googlesyndication.com",
    "partner.googleadservices.com",
    "pass.yandex.ru",
    "publish.twitter.com",
    "pubsub.pubnub.com",
    "securepubads.g.doubleclick.net",
    "ssl.google-analytics.com",
    "static.tumblr.com",
    "suggest.taobao.com",
    "syndication.twitter.com",
    "translate.google.com",
    "translate.googleapis.com",
    "translate.yandex.net",
    "vimeo.com",
    "vk.com",
    "widgets.pinterest.com",
    "www.blogger.com",
    "www.facebook.com",
    "www.google-analytics.com",
    "www.google.com",
    "www.googleadservices.com",
    "www.googleapis.com",
    "www.gstatic.com",
    "www.youku.com",
    "www.youtube.com",
    "yandex.ru",
];

/// Where anyone can get a host: hosting, storage and tunnels, from the private section of publicsuffix.org's list.
const SHARED: &[&str] = &[
    "akamaihd.net",
    "amazonaws.com",
    "appspot.com",
    "azureedge.net",
    "azurewebsites.net",
    "b-cdn.net",
    "blogspot.com",
    "cloudfront.net",
    "core.windows.net",
    "fastly.net",
    "firebaseapp.com",
    "fly.dev",
    "github.io",
    "gitlab.io",
    "googleusercontent.com",
    "herokuapp.com",
    "kxcdn.com",
    "netlify.app",
    "ngrok-free.app",
    "ngrok.io",
    "onrender.com",
    "pages.dev",
    "r2.dev",
    "rackcdn.com",
    "run.app",
    "surge.sh",
    "trycloudflare.com",
    "vercel.app",
    "web.app",
    "workers.dev",
];

/// Whether the host has a wildcard in front of a top-level domain, or of a domain that gives hosts to everyone.
pub(super) fn anyone_can_register(host: &str) -> bool {
    let Some(domain) = host.strip_prefix("*.") else { return false };
    let domain = domain.strip_suffix('.').unwrap_or(domain);
    !domain.contains('.') || SHARED.iter().any(|shared| ends_with(domain, shared))
}

/// Whether one of the hosts matches, and the path does not narrow it down to a file or to one package.
pub(super) fn is_known_bypass(parts: &Parts<'_>) -> bool {
    let is_wide = parts.path.is_empty() || (parts.path.ends_with('/') && parts.path.split('/').count() <= 3);
    let host = parts.host.strip_suffix('.').unwrap_or(parts.host);
    let matches = |known: &&str| match host.strip_prefix('*') {
        Some(domain) => {
            let at = known.len().saturating_sub(domain.len());
            at > 0 && known.as_bytes()[at..].eq_ignore_ascii_case(domain.as_bytes())
        }
        None => host.eq_ignore_ascii_case(known),
    };
    is_wide && BYPASSES.iter().any(matches)
}

/// Whether `domain` is `other` or below it.
fn ends_with(domain: &str, other: &str) -> bool {
    let Some(at) = domain.len().checked_sub(other.len()) else { return false };
    let (before, end) = domain.as_bytes().split_at(at);
    end.eq_ignore_ascii_case(other.as_bytes()) && matches!(before, [] | [.., b'.'])
}
