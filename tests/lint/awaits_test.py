"""Awaits stand in four forms, no lambda is a coroutine, and coroutines take what they keep by value.

`T x = co_await f(a, b);`  `x = co_await f(a);`  `co_await f(a);`  `co_return co_await f(a);`
Arguments are names, literals or std::move(name). Everything else has been miscompiled by one compiler or
another (double frees of by-value arguments, conditions that never resume), and one await a line reads like
the protocol it speaks.
"""

import re

import house

ARGUMENT = r'(?:std::move\([\w.>\-]+\)|"[^"]*"|[\w.:>*&+\- ]+)'
CALL = rf"[\w.:>\-]+(?:<[\w:, ]+>)?\((?:{ARGUMENT}(?:,\s*{ARGUMENT})*)?\)"
FORMS = [
    re.compile(form)
    for form in (
        rf"(?:const )?[\w:<>,\s*&]+ \w+ = co_await {CALL}",
        rf"[\w.>\-]+ = co_await {CALL}",
        rf"co_await {CALL}",
        rf"co_return co_await {CALL}",
    )
]
CONTROL = re.compile(r"(?:if(?:\s+constexpr)?|while|for|switch)\s*\(")
LABEL = re.compile(r"(?:case\s+[\w:]+|default)\s*:(?!:)")
LAMBDA = re.compile(r"(?<![\w\])\[])\[(?!\[)[^\[\]]*\]\s*(?:\(|\{|mutable|->)")
KEYWORD = re.compile(r"\bco_(?:await|return|yield)\b")
TASK = re.compile(r"\bTask<")
# What a coroutine must not take: a view or a const reference may die before the coroutine resumes.
BORROWED = re.compile(r"\bconst\s+[\w:<>, ]+&|&&|\bstring_view\b|\bspan<")


def statements(text):
    """(offset, statement) of each piece between semicolons and braces outside parentheses."""
    start = depth = 0
    for offset, letter in enumerate(text):
        if letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        ends = letter in "{};" and (depth <= 0 or letter in "{}")
        if ends:
            yield start, text[start:offset]
            start = offset + 1
            depth = max(depth, 0) if letter == ";" else 0


def peel(statement):
    """The innermost statement: `if (a) co_await f();` is judged as `co_await f();`."""
    statement = statement.strip()
    while True:
        control = CONTROL.match(statement)
        if control:
            end = house.matching(statement, control.end() - 1, "(", ")")
            if "co_await" in statement[: end + 1]:
                return statement
            statement = statement[end + 1 :].strip()
        elif re.match(r"else\b", statement):
            statement = statement[4:].strip()
        elif LABEL.match(statement):
            statement = statement[LABEL.match(statement).end() :].strip()
        else:
            return statement


def bad_awaits(text):
    for start, statement in statements(text):
        if "co_yield" in statement:
            yield start, "co_yield: no generators here"
        if "operator co_await" in statement or not re.search(r"\bco_await\b", statement):
            continue
        inner = re.sub(r"\s+", " ", peel(statement))
        if not any(form.fullmatch(inner) for form in FORMS):
            at = start + statement.index("co_await")
            yield at, f"not one of the four forms: {inner[:90]}"


def lambda_coroutines(text):
    for match in LAMBDA.finditer(text):
        opening = text.find("{", match.end() - 1)
        between = text[match.end() - 1 : opening]
        if opening < 0 or ";" in between:
            continue
        body = text[opening : house.matching(text, opening, "{", "}")]
        if KEYWORD.search(body):
            yield match.start(), "a lambda that is a coroutine: its captures die before it does"


def borrowed_parameters(text):
    for match in TASK.finditer(text):
        close = house.matching(text, match.end() - 1, "<", ">")
        head = re.match(r"\s+([\w:~]+)\s*\(", text[close + 1 :])
        if not head or head.group(1) in ("operator",):
            continue
        opening = close + head.end()
        closing = house.matching(text, opening, "(", ")")
        parameters = text[opening + 1 : closing]
        # A function pointer parameter may take what it likes: it is called, not kept.
        parameters = re.sub(r"\(\s*\*\s*\w+\s*\)\s*\([^()]*\)", "", parameters)
        found = BORROWED.search(parameters)
        if found:
            yield opening, f"coroutine {head.group(1)} borrows ({found.group(0).strip()}): take it by value"


def findings(text):
    text = house.strip_cpp(text)
    found = [*bad_awaits(text), *lambda_coroutines(text), *borrowed_parameters(text)]
    return sorted((house.line_of(text, offset), why) for offset, why in found)


class SelfTest(house.Rule):
    GOOD = [
        "auto banner = co_await stream->read_reply(deadline);",
        "const auto x = co_await f(a, 3, std::move(b));",
        "Result<std::unique_ptr<Stream>> s = co_await net.connect(endpoint, options, deadline);",
        "x = co_await f(a);",
        'co_await stream->write_line("QUIT; now", deadline);',
        "co_return co_await f(a);",
        "if (ready) co_await f(a);",
        "if (ready) { co_await f(a); } else co_return co_await g();",
        "for (int i = 0; i < 3; ++i) co_await f(i);",
        "case Kind::tcp: co_return co_await f(a);",
        "// if (co_await f()) is what we avoid",
        "Awaiter operator co_await() && noexcept { return Awaiter{handle_}; }",
        "loop.post([this, caller] { caller.resume(); });",
        "Task<Result<void>> start_tls(TlsOptions options, std::string host, TimePoint deadline);",
        "Task<Outcome> probe(Net& net, ProbeRequest request);",
        "Task<Result<std::string>> exchange(Exchange e, bool (*accept)(std::string_view a), Duration d);",
        "int a[] = {1}; std::vector<int> v{a[0]}; co_await f(a);",
    ]
    BAD = [
        "if (co_await f()) g();",
        "while (co_await more(x)) step();",
        "switch (co_await f()) { }",
        "for (auto x = co_await f(); x; ) g();",
        "auto [a, b] = co_await f();",
        "auto x = (co_await f()).ok();",
        "auto x = co_await f() + 1;",
        "co_await f({.host = h});",
        "co_await f(Options{a});",
        "co_await f(c ? a : b);",
        "co_await f([] { return 1; });",
        "co_await f(g(x));",
        "return_value(co_await f());",
        "co_yield 3;",
        "auto t = [x]() -> Task<void> { co_return; };",
        "auto t = [&] { co_await f(); };",
        "loop.spawn([](Net& net) -> Task<void> { co_await f(net); }(net));",
        "Task<void> f(const std::string& name);",
        "Task<Result<int>> f(Net& net, std::string_view name);",
        "Task<> f(std::string&& name) { co_return; }",
    ]

    def test_good_examples_pass(self):
        for example in self.GOOD:
            self.assertEqual([], findings(f"Task<void> run() {{ {example} }}"), example)

    def test_bad_examples_are_caught(self):
        for example in self.BAD:
            self.assertTrue(findings(f"Task<void> run() {{ {example} }}"), example)

    def test_findings_name_the_line(self):
        self.assertEqual(3, findings("void a();\n// co_await g(h(x))\nif (co_await f()) g();")[0][0])


class TheTree(house.Rule):
    def test_awaits_keep_their_forms(self):
        found = []
        for name in house.files(".h", ".cc"):
            found += [f"{name}:{line}: {why}" for line, why in findings(house.read(name))]
        self.hold(found, "Name the parts in lines of their own; see docs/development.md, Coroutines.")


if __name__ == "__main__":
    house.main()
