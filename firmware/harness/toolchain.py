"""Finds a compiler for the Cortex-M targets.

On most machines that is rustup's, after `rustup target add thumbv7m-none-eabi thumbv6m-none-eabi`. Where that cannot be
had, any cargo on the path whose compiler has the source of `core` beside it will do: Debian's `rustc-web`,
`cargo-web` and `rust-web-src`, or rustup's component `rust-src`.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.skip import Failed, Skipped

FIRMWARE = Path(__file__).resolve().parent.parent
M3 = "thumbv7m-none-eabi"
M0 = "thumbv6m-none-eabi"
# The oldest that firmware/Cargo.toml promises.
OLDEST = (1, 95)


@dataclass(frozen=True)
class Toolchain:
    cargo: str
    rustc: str
    # Build `core` from its source, as there is no compiled one for the target.
    from_source: bool
    # Of another compiler, when this one has none; empty for its own.
    linker: str

    def describe(self) -> str:
        source = ", core built from source" if self.from_source else ""
        return f"{output([self.rustc, '--version']).strip()}{source}"


def output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def build(target: str, *, opt_level: str = "s", programs: tuple[str, ...] = ()) -> dict[str, Path]:
    """Builds programs of the firmware, all of them if none is named, and says where they are."""
    tools = find(target)
    root = os.environ.get("CARGO_TARGET_DIR") or str(FIRMWARE.parent / "target")
    folder = Path(root).resolve() / "firmware" / f"opt-{opt_level}"
    command = [tools.cargo, "build", "--release", "--locked", "--target", target, "--workspace", "--target-dir", str(folder)]
    if tools.from_source:
        command += ["-Zbuild-std=core"]
    for program in programs:
        command += ["--bin", program]
    env = dict(os.environ, CARGO_PROFILE_RELEASE_OPT_LEVEL=opt_level, RUSTC=tools.rustc)
    if tools.from_source:
        env["RUSTC_BOOTSTRAP"] = "1"
    if tools.linker:
        env[f"CARGO_TARGET_{target.upper().replace('-', '_')}_LINKER"] = tools.linker
    # They would replace the flags of .cargo/config.toml.
    for name in ("RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET", "CARGO_BUILD_RUSTFLAGS"):
        env.pop(name, None)
    done = subprocess.run(command, cwd=FIRMWARE, env=env, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"{' '.join(command)}\n{done.stderr}")
    binaries = folder / target / "release"
    names = programs or tuple(path.stem for path in (FIRMWARE / "src/bin").glob("*.rs"))
    return {name: binaries / name for name in names}


@functools.cache
def find(target: str) -> Toolchain:
    reasons = []
    for cargo in every("cargo"):
        rustc = str(Path(cargo).with_name("rustc"))
        if not Path(rustc).exists():
            continue
        try:
            version = output([rustc, "--version"]).split()[1]
            sysroot = Path(output([rustc, "--print", "sysroot"]).strip())
        except (OSError, subprocess.CalledProcessError):
            continue  # a rustup proxy without a toolchain
        number = tuple(int(part) for part in version.split("-")[0].split(".")[:2])
        if number < OLDEST:
            reasons.append(f"{cargo} has Rust {version}")
            continue
        compiled = any((sysroot / "lib/rustlib" / target / "lib").glob("libcore-*.rlib"))
        source = (sysroot / "lib/rustlib/src/rust/library/core/Cargo.toml").exists()
        linker = "" if lld_of(sysroot) else other_linker()
        if (compiled or source) and linker is not None:
            return Toolchain(cargo, rustc, not compiled, linker)
        reasons.append(f"{cargo} has {'no linker' if compiled or source else 'neither the target nor the source of core'}")
    raise Skipped(
        f"the firmware for {target}",
        "; ".join(reasons) or "no cargo is here",
        f"rustup target add {M3} {M0} (or, on Debian: apt-get install cargo-web rustc-web rust-web-src lld)",
    )


def every(program: str) -> list[str]:
    """All programs of that name on the path, each once."""
    found: dict[str, str] = {}
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = shutil.which(program, path=folder) if folder else None
        if path:
            # Not `resolve`: a rustup proxy is a link to rustup, and is told by its name what to be.
            found.setdefault(str(Path(folder).resolve() / program), path)
    return list(found.values())


def lld_of(sysroot: Path) -> str | None:
    return next((str(path) for path in (sysroot / "lib/rustlib").glob("*/bin/rust-lld")), None)


def other_linker() -> str | None:
    for rustc in every("rustc"):
        try:
            lld = lld_of(Path(output([rustc, "--print", "sysroot"]).strip()))
        except (OSError, subprocess.CalledProcessError):
            continue
        if lld:
            return lld
    return shutil.which("rust-lld") or shutil.which("ld.lld")
