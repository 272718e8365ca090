"""Sallet's native half; import `sallet` instead."""

from sallet._auth import Anonymous as Anonymous
from sallet._auth import AuthCredentials as AuthCredentials
from sallet._auth import AuthMiddleware as AuthMiddleware
from sallet._auth import ByPath as ByPath
from sallet._auth import Credentials as Credentials
from sallet._auth import Key as Key
from sallet._auth import Keyring as Keyring
from sallet._auth import PathRules as PathRules
from sallet._auth import Principal as Principal
from sallet._auth import Refusal as Refusal
from sallet._auth import Scheme as Scheme
from sallet._auth import can_deny_websocket as can_deny_websocket
from sallet._auth import generate_token as generate_token
from sallet._headers import NONCE as NONCE
from sallet._headers import NONE as NONE
from sallet._headers import REPORT_SAMPLE as REPORT_SAMPLE
from sallet._headers import SELF as SELF
from sallet._headers import STRICT_DYNAMIC as STRICT_DYNAMIC
from sallet._headers import UNSAFE_EVAL as UNSAFE_EVAL
from sallet._headers import UNSAFE_HASHES as UNSAFE_HASHES
from sallet._headers import UNSAFE_INLINE as UNSAFE_INLINE
from sallet._headers import WASM_UNSAFE_EVAL as WASM_UNSAFE_EVAL
from sallet._headers import ContentSecurityPolicy as ContentSecurityPolicy
from sallet._headers import Lint as Lint
from sallet._headers import SecurityHeaders as SecurityHeaders
from sallet._headers import SecurityHeadersMiddleware as SecurityHeadersMiddleware
from sallet._headers import script_hash as script_hash
from sallet._headers import style_hash as style_hash

__all__ = [
    "Anonymous",
    "AuthCredentials",
    "AuthMiddleware",
    "ByPath",
    "ContentSecurityPolicy",
    "Credentials",
    "CredentialsError",
    "Key",
    "Keyring",
    "KeyringError",
    "Lint",
    "NONCE",
    "NONE",
    "PathRules",
    "PolicyError",
    "Principal",
    "REPORT_SAMPLE",
    "Refusal",
    "SELF",
    "STRICT_DYNAMIC",
    "SalletError",
    "Scheme",
    "SecurityHeaders",
    "SecurityHeadersMiddleware",
    "UNSAFE_EVAL",
    "UNSAFE_HASHES",
    "UNSAFE_INLINE",
    "WASM_UNSAFE_EVAL",
    "can_deny_websocket",
    "generate_token",
    "script_hash",
    "style_hash",
]

class SalletError(ValueError):
    """Base of every error Sallet raises."""

class PolicyError(SalletError):
    """A header policy is wrong; the message names the fix."""

class CredentialsError(SalletError):
    """Credentials cannot be read."""

class KeyringError(SalletError):
    """A key, keyring or keyring file is wrong."""
