#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Finds what GCC 12.2 miscompiles in coroutines, and what breaks structured concurrency (CONTRIBUTING.md, coroutines).

Usage: coroutine_traps.py SOURCE_DIR

Rules, each on one full expression that holds a `co_await`:
  lambda       no lambda literal with captures: its captures are destroyed twice
  braces       no braced initialiser: an aggregate temporary is destroyed twice
  co_spawn     no awaited co_spawn(…, use_awaitable): a double free with Boost 1.81; await the coroutine itself
and everywhere:
  detached     asio::detached only in main.cpp: every coroutine belongs to a TaskGroup that is awaited
Name the lambda or aggregate on the line before. The script checks itself on known snippets before it reads the tree.
"""
import pathlib
import re
import sys

FOLDERS = ("lib", "daemons", "cmd", "applet", "tests", "examples")
TOKEN = re.compile(r"[A-Za-z_][A-Za-z_0-9]*|\d[\w.']*|::|->|\[\[|\]\]|&&|\|\||[^\s\w]")
NOISE = re.compile(
    r'R"(?P<d>[^()\\\s]{0,16})\(.*?\)(?P=d)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
OPEN = {"(": ")", "[": "]", "{": "}"}
CLOSE = {v: k for k, v in OPEN.items()}
STATEMENT_WORDS = {"if", "while", "for", "switch", "return", "co_return", "catch"}


def tokens_of(text):
    """(token, line) pairs without comments; a literal becomes one quote sign. Digit separators are no quotes."""
    def blank(match):
        found = match.group(0)
        return ("" if found.startswith("/") else '"') + "\n" * found.count("\n")
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)
    text = NOISE.sub(blank, text)
    out = []
    for number, line in enumerate(text.split("\n"), 1):
        out += [(t, number) for t in TOKEN.findall(line)]
    return out


def partners(tokens):
    """Index of the matching bracket for each bracket."""
    pair, stack = {}, []
    for i, (t, _) in enumerate(tokens):
        if t in OPEN:
            stack.append(i)
        elif t in CLOSE and stack and tokens[stack[-1]][0] == CLOSE[t]:
            j = stack.pop()
            pair[i], pair[j] = j, i
    return pair


def is_block(tokens, pair, brace):
    """A brace pair with a statement in it, or of a type, function or namespace; the rest are initialisers."""
    end = pair.get(brace, len(tokens))
    before = tokens[brace - 1][0] if brace else ";"
    if end == brace + 1:  # "{}": a body after ")", a specifier or a keyword
        return before in (")", "const", "noexcept", "override", "else", "do", "try", "mutable")
    i = brace + 1
    while i < end:
        t = tokens[i][0]
        if t == ";" or t == "{" and is_block(tokens, pair, i):
            return True
        i = pair.get(i, i) + 1 if t in OPEN else i + 1
    return before in (";", "{", "}")


def statement(tokens, pair, at):
    """[begin, end) of the full expression around token `at`: outwards through calls, up to the statement's ends."""
    begin = at
    while begin > 0:
        t = tokens[begin - 1][0]
        if t == ";":
            break
        if t in ")]}":
            opener = pair.get(begin - 1)
            if opener is None:
                break
            if t == "}" and is_block(tokens, pair, opener) and not is_lambda_body(tokens, pair, opener):
                break
            begin = opener
            continue
        if t == "{" and is_block(tokens, pair, begin - 1):
            break
        if t == "(" and begin > 1 and tokens[begin - 2][0] in STATEMENT_WORDS:
            break
        begin -= 1
    end = at
    while end < len(tokens):
        t = tokens[end][0]
        if t == ";":
            break
        if t in OPEN:
            if t == "{" and is_block(tokens, pair, end) and not is_lambda_body(tokens, pair, end):
                break
            end = pair.get(end, len(tokens) - 1) + 1
            continue
        if t in CLOSE and (pair.get(end) is None or pair[end] < begin):
            break
        end += 1
    return begin, end


def lambda_at(tokens, pair, i):
    """True when `[` at i begins a lambda expression (not an index, not an attribute)."""
    if tokens[i][0] != "[" or i not in pair:
        return False
    before = tokens[i - 1][0] if i else ";"
    if re.fullmatch(r"[A-Za-z_]\w*|\d.*", before) and before not in ("return", "co_return", "co_await", "co_yield"):
        return False
    if before in (")", "]", '"'):
        return False
    after = pair[i] + 1
    return after < len(tokens) and tokens[after][0] in ("(", "{", "mutable", "-", "->", "<")


def is_lambda_body(tokens, pair, brace):
    """Walks back over `-> type`, specifiers and `(…)` to a `]`."""
    i = brace - 1
    while i > 0:
        t = tokens[i][0]
        if t == "]":
            return lambda_at(tokens, pair, pair.get(i, 0))
        if t == ")":
            i = pair.get(i, 0) - 1
            continue
        if t in (";", "{", "}", "(", "=", ","):
            return False
        i -= 1
    return False


def offences(text):
    tokens = tokens_of(text)
    pair = partners(tokens)
    found = set()
    for at, (token, line) in enumerate(tokens):
        if token == "detached" and tokens[at - 1][0] == "::":
            found.add((line, "detached", "every coroutine belongs to a TaskGroup"))
        if token != "co_await":
            continue
        begin, end = statement(tokens, pair, at)
        words = [t for t, _ in tokens[begin:end]]
        if "co_spawn" in words and "use_awaitable" in words:
            found.add((line, "co_spawn", "await the coroutine, or spawn it into a TaskGroup"))
        i = begin
        while i < end:
            t, where = tokens[i]
            if lambda_at(tokens, pair, i):
                if pair[i] != i + 1 and (i > at or in_call(tokens, pair, i, begin)):
                    found.add((where, "lambda", "name the lambda on the line before"))
                while i < end and tokens[i][0] != "{":  # its body is full expressions of its own
                    i = pair.get(i, i) + 1 if tokens[i][0] in "([" else i + 1
                i = pair.get(i, i) + 1
                continue
            if t == "{" and not is_block(tokens, pair, i):
                found.add((where, "braces", "name the aggregate on the line before"))
            i += 1
    return sorted(found)


def in_call(tokens, pair, i, begin):
    """True when token i stands inside parentheses opened at or after `begin`."""
    return any(tokens[j][0] == "(" and pair.get(j, -1) > i for j in range(begin, i))


BAD = {
    "lambda": ["co_await f([s] { return s; });", "auto r = co_await f(1, [s = std::move(t)]() mutable { g(s); });",
               "if (co_await f([=] { return 1; })) x();", "RESCUE_CO_TRY(auto n, co_await f([&](int a) { return a; }));",
               "co_await [x]() -> awaitable<void> { co_return; }();", "g([s] { h(s); }, co_await f());"],
    "braces": ["co_await f(Agg{x, y});", "co_await f({.a = 1});", "const auto r = co_await s.send(Request{method, target});",
               "co_return co_await f(std::vector<int>{1, 2});", "auto a = Agg{co_await f(), 2};", "co_await f(a, {}, b);",
               "while (co_await f(Opts{})) go();", "for (;;) { x(); co_await f(Agg{1}); }"],
    "co_spawn": ["co_await asio::co_spawn(ex, f(), asio::use_awaitable);",
                 "auto r = co_await co_spawn(ex, std::move(t), boost::asio::use_awaitable);"],
    "detached": ["asio::co_spawn(ex, f(), asio::detached);"],
}
GOOD = [
    "auto op = f(Agg{x, y}); co_await std::move(op);",
    "const auto body = [&]() -> awaitable<void> { co_await f(); }; run(body);",
    "const Agg a{1, 2}; co_await f(a);",
    "co_await f([] { return 1; });",
    "for (;;) { co_await f(); if (x) { Agg y{1}; use(y); } }",
    "if (co_await f()) { const Agg a{1}; }",
    "while (!done) { co_await s.wait(); }",
    "awaitable<void> f() { co_await g(); co_return; } struct X { int a = 0; };",
    "auto ex = co_await this_coro::executor; Agg a{ex};",
    "buffer[i] = co_await f(); table[co_await g()] = 1;",
    "try { co_await f(); } catch (const E& e) { log({{\"a\", 1}}); }",
    "spawn([x] { h(x); }); co_await f();",
    "// co_await f(Agg{});\nconst char* s = \"co_await f([x]{})\";",
    "co_await f(); log(x, {{\"key\", v}});",
    "co_await f(1'000'000); co_await g('{');",
]


def self_test():
    failures = []
    for rule, snippets in BAD.items():
        for snippet in snippets:
            wrapped = "awaitable<int> c() { " + snippet + " }"
            if rule not in {r for _, r, _ in offences(wrapped)}:
                failures.append(f"not found ({rule}): {snippet}")
    for snippet in GOOD:
        wrapped = "awaitable<int> c() { " + snippet + " }"
        for _, rule, _ in offences(wrapped):
            failures.append(f"false alarm ({rule}): {snippet}")
    return failures


def main():
    failures = self_test()
    for f in failures:
        print("self-test:", f)
    if failures:
        return 1
    root = pathlib.Path(sys.argv[1])
    count = bad = 0
    for folder in FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cpp", ".hpp") or not path.is_file():
                continue
            text = path.read_text(encoding="utf-8")
            if "co_await" not in text and "detached" not in text:
                continue
            count += 1
            for line, rule, advice in offences(text):
                if rule == "detached" and path.name == "main.cpp":
                    continue
                bad += 1
                print(f"{path.relative_to(root)}:{line}: {rule}: {advice}")
    print(f"{count} files with coroutines, {bad} traps")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
