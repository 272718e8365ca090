//! An app that is set up anew for each request.

use sallet_core::auth::{Key, Keyring, Reason};
use sallet_core::merge::Privacy;
use sallet_core::paths::{RequestPath, is_preflight};
use sallet_firmware::answer;
use sallet_firmware::answer::{Answer, Reply};
use sallet_firmware::entropy::Entropy;
use sallet_firmware::server::{App, Head, OwnAnswers};

use crate::admitted;
use crate::cases::{AUTH, AuthCase, HEADERS, HeadersCase, KEYS, PATHS, PathsCase, Plan};
use crate::joined::Joined;
use crate::refused;

static RING: Keyring = Keyring::new(&KEYS);

const NOBODY: Answer = answer!(200 "OK", "", "", "");
const NO_SUCH_CASE: Answer = answer!(500 "Internal Server Error", "", "", "no such case");

/// What the board serves: one case.
pub(crate) struct Host {
    entropy: Entropy,
    case: Case,
    joined: Joined,
}

#[derive(Clone, Copy)]
enum Case {
    None,
    Headers(&'static HeadersCase),
    Auth(&'static AuthCase),
    Paths(&'static PathsCase),
}

impl Host {
    pub(crate) const fn new(entropy: Entropy) -> Self {
        Self { entropy, case: Case::None, joined: Joined::EMPTY }
    }

    pub(crate) fn set_up(&mut self, table: u8, number: u16) {
        let number = usize::from(number);
        let case = match table {
            0 => HEADERS.get(number).map(Case::Headers),
            1 => AUTH.get(number).map(Case::Auth),
            _ => PATHS.get(number).map(Case::Paths),
        };
        self.case = case.unwrap_or(Case::None);
    }
}

/// What is answered; a nonce is drawn when the time has come.
pub(crate) enum Route {
    Fixed(Answer),
    Headers(&'static HeadersCase, &'static Plan),
    Admitted(&'static AuthCase, &'static Key, Privacy),
    /// By the requirement at this place, or by none.
    Refused(&'static AuthCase, Option<usize>, Reason),
}

/// The driver asks nothing that has another.
static OWN_ANSWERS: OwnAnswers = OwnAnswers {
    timeout: NO_SUCH_CASE,
    length_required: NO_SUCH_CASE,
    too_large: NO_SUCH_CASE,
    head_too_large: NO_SUCH_CASE,
    bad_request: NO_SUCH_CASE,
    version: NO_SUCH_CASE,
};

impl App for Host {
    type Route = Route;

    const OWN_ANSWERS: &'static OwnAnswers = &OWN_ANSWERS;

    fn route(&self, head: &Head<'_>, now: u64) -> Result<(Route, Option<&'static str>), Answer> {
        match self.case {
            Case::None => Err(NO_SUCH_CASE),
            Case::Headers(case) => Ok((case.route(head), None)),
            Case::Auth(case) => Ok(match case.verdict(head, now) {
                Ok(None) => (Route::Fixed(NOBODY), None),
                Ok(Some((key, privacy))) => (Route::Admitted(case, key, privacy), Some(key.id)),
                Err((decided, reason)) => (Route::Refused(case, decided, reason), None),
            }),
            Case::Paths(case) => Ok((Route::Fixed(case.say(head)), None)),
        }
    }

    fn answer(&mut self, route: Route, _: &[u8]) -> Reply<'_> {
        match route {
            Route::Fixed(answer) => answer,
            Route::Headers(case, plan) => self.joined.answer(case, plan, &mut self.entropy),
            Route::Admitted(case, key, privacy) => admitted::answer(self.joined.room(), key, privacy, case.caching),
            Route::Refused(case, decided, reason) => refused::answer(self.joined.room(), case.needs, decided, reason),
        }
    }
}

impl HeadersCase {
    fn route(&'static self, head: &Head<'_>) -> Route {
        let path = RequestPath::raw(head.path().as_bytes());
        let plan = self.paths.matching(head.method(), &path).next().copied().unwrap_or(self.layer.plan);
        Route::Headers(self, plan)
    }
}

impl AuthCase {
    /// Whom the app sees, if it needs to see anybody, or which requirement refuses the request and why.
    fn verdict(&self, head: &Head<'_>, now: u64) -> Result<Option<(&'static Key, Privacy)>, (Option<usize>, Reason)> {
        let has = |name| head.field_lines(name).next().is_some();
        let preflight = is_preflight(head.method(), has("origin"), has("access-control-request-method"));
        if self.rules.access(head.method(), &RequestPath::raw(head.path().as_bytes()), preflight).is_open() {
            return Ok(None);
        }
        let decided = self.needs.which(head);
        let need = decided.and_then(|at| self.needs.needs().get(at)).ok_or((None, Reason::Missing))?;
        let key = need.verdict(&RING, head, now).map_err(|reason| (decided, reason))?;
        Ok(Some((key, need.privacy(head))))
    }
}

impl PathsCase {
    /// Three letters: `0`, `1`, or `-` where the rule is refused.
    fn say(&self, head: &Head<'_>) -> Answer {
        let path = RequestPath::raw(head.path().as_bytes());
        let open = |rules: sallet_core::paths::PathRules| rules.access(self.method, &path, false).is_open();
        let letter = |yes: Option<bool>| yes.map_or(2, usize::from);
        let public = letter(self.public.map(open));
        let protected = letter(self.protected.map(|rules| !open(rules)));
        let policy = letter(Some(self.rule.applies(self.method, &path)));
        Answer::fixed(
            200,
            b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n",
            "",
            LETTERS[9 * public + 3 * protected + policy],
        )
    }
}

const LETTERS: [&[u8]; 27] = [
    b"000", b"001", b"00-", b"010", b"011", b"01-", b"0-0", b"0-1", b"0--", b"100", b"101", b"10-", b"110", b"111",
    b"11-", b"1-0", b"1-1", b"1--", b"-00", b"-01", b"-0-", b"-10", b"-11", b"-1-", b"--0", b"--1", b"---",
];
