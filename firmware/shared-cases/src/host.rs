//! An app that is set up anew for each request.

use sallet_core::auth::{Keyring, is_preflight};
use sallet_firmware::answer;
use sallet_firmware::answer::{Answer, Policy};
use sallet_firmware::entropy::Entropy;
use sallet_firmware::server::{App, Head};

use crate::cases::{ADMITTED, AUTH, AuthCase, HEADERS, HeadersCase, KEYS, Plan};

static RING: Keyring = Keyring::new(&KEYS);

const NOBODY: Answer = answer!(200 "OK", "", "", "");
const NO_SUCH_CASE: Answer = answer!(500 "Internal Server Error", "", "", "no such case");

/// What the board serves: one case.
pub(crate) struct Host {
    entropy: Entropy,
    case: Case,
}

#[derive(Clone, Copy)]
enum Case {
    None,
    Headers(&'static HeadersCase),
    Auth(&'static AuthCase),
}

impl Host {
    pub(crate) const fn new(entropy: Entropy) -> Self {
        Self { entropy, case: Case::None }
    }

    pub(crate) fn set_up(&mut self, table: u8, number: u8) {
        let number = usize::from(number);
        let case = match table {
            0 => HEADERS.get(number).map(Case::Headers),
            _ => AUTH.get(number).map(Case::Auth),
        };
        self.case = case.unwrap_or(Case::None);
    }
}

/// What is answered; a nonce is drawn when the time has come.
pub(crate) enum Route {
    Fixed(Answer),
    Page(Answer, &'static sallet_core::Template<'static>),
}

impl App for Host {
    type Route = Route;

    fn route(&self, head: &Head<'_>, now: u64) -> Result<(Route, Option<&'static str>), Answer> {
        match self.case {
            Case::None => Err(NO_SUCH_CASE),
            Case::Headers(case) => Ok((case.route(head), None)),
            Case::Auth(case) => {
                let answer = case.admit(head, now)?;
                Ok((Route::Fixed(answer), answer.key))
            }
        }
    }

    fn answer(&mut self, route: Route, _: &[u8]) -> Answer {
        match route {
            Route::Fixed(answer) => answer,
            Route::Page(answer, template) => Answer { policy: Policy::Page(template, self.entropy.nonce()), ..answer },
        }
    }
}

impl HeadersCase {
    fn route(&self, head: &Head<'_>) -> Route {
        let rules = self.paths.iter().filter(|(rule, _)| rule.covers(head.method(), head.path()));
        let policy = rules.max_by_key(|(rule, _)| rule.exactness()).map_or(self.policy, |(_, policy)| *policy);
        let block = |block| Answer::fixed(self.status, self.start, block, b"");
        match policy {
            Plan::Nothing => Route::Fixed(block("")),
            Plan::Block(text) => Route::Fixed(block(text)),
            Plan::Page(template) => Route::Page(block(""), template),
        }
    }
}

impl AuthCase {
    fn admit(&self, head: &Head<'_>, now: u64) -> Result<Answer, Answer> {
        let has = |name| head.field_lines(name).next().is_some();
        if is_preflight(head.method(), has("origin"), has("access-control-request-method"))
            || self.public.is_public(head.method(), head.path(), None)
        {
            return Ok(NOBODY);
        }
        let key = RING.admit(head.field_lines("authorization"), self.scopes, now).map_err(self.refused)?;
        let answer = KEYS.iter().zip(&ADMITTED).find(|(known, _)| known.id == key.id);
        Ok(answer.map_or(NO_SUCH_CASE, |(_, answer)| *answer))
    }
}
