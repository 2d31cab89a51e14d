"""Files end at 500 lines, functions at 60, and nothing nests deeper than three: a ratchet. What stands in
EXCEPTIONS may shrink and leave, never grow, and nothing new may enter.
"""

import ast
import re

import house

MAX_FILE = 500
MAX_FUNCTION = 60
MAX_NESTING = 3
# "path" or "path:function" -> lines it still has. Lower the number when it shrinks.
EXCEPTIONS = {}

CONTROL = re.compile(r"^(?:if|for|while|switch|catch|do|else|try)\b")
TYPE = re.compile(r"\b(?:namespace|class|struct|enum|union)\b")
NAME = re.compile(r"([\w:~]+|operator\s*\S+)\s*\($")
TEST_NAME = re.compile(r"\b(TEST(?:_F|_P)?\(\s*\w+\s*,\s*\w+\s*\))")


def head_before(text, opening):
    """What stands between the last statement and the brace at `opening`, and where it begins."""
    depth = 0
    for offset in range(opening - 1, -1, -1):
        letter = text[offset]
        if letter in ")]":
            depth += 1
        elif letter in "([":
            depth -= 1
            if depth < 0:
                return text[offset + 1 : opening], offset + 1
        elif letter in ";{}" and depth == 0:
            return text[offset + 1 : opening], offset + 1
    return text[:opening], 0


def function_name(head):
    """The name of the function whose body follows `head`, or None when it is something else."""
    head = re.sub(r"^\s*#[^\n]*$", "", head, flags=re.M)
    head = re.sub(r"^\s*(?:public|private|protected)\s*:", "", head).strip()
    test = TEST_NAME.search(head)
    if test:
        return test.group(1)
    first = head.find("(")
    if first < 0 or CONTROL.match(head) or head.endswith("="):
        return None
    if TYPE.search(re.sub(r"<[^<>]*>", "", head[:first])):
        return None
    name = NAME.search(head[: first + 1])
    return name.group(1) if name else None


def functions(text):
    """(name, first line, number of lines, deepest nesting) of every C++ function with a body."""
    text = house.strip_cpp(text)
    offset = 0
    while True:
        opening = text.find("{", offset)
        if opening < 0:
            return
        head, begin = head_before(text, opening)
        name = function_name(head)
        if name is None:
            offset = opening + 1
            continue
        closing = house.matching(text, opening, "{", "}")
        begin += len(head) - len(head.lstrip())
        first = house.line_of(text, begin)
        yield name, first, house.line_of(text, closing) - first + 1, nesting(text[opening + 1 : closing])
        offset = closing


def nesting(body):
    """How deep control statements with braces stand inside each other."""
    deepest, stack = 0, []
    for offset, letter in enumerate(body):
        if letter == "{":
            head, _ = head_before(body, offset)
            head = re.sub(r"^\s*(?:case [\w:]+|default)\s*:(?!:)", "", head).strip()
            stack.append(bool(CONTROL.match(head)))
            deepest = max(deepest, sum(stack))
        elif letter == "}" and stack:
            stack.pop()
    return deepest


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno - node.lineno + 1, 0


def too_long(name, text, exceptions):
    """Findings for one file, with the exceptions it uses taken out of `exceptions`."""
    lines = text.count("\n") + (not text.endswith("\n"))
    yield from judge(name, name, 1, lines, MAX_FILE, exceptions)
    kind = functions if name.endswith((".h", ".cc")) else python_functions if name.endswith(".py") else None
    for function, line, length, depth in kind(text) if kind else ():
        yield from judge(f"{name}:{function}", name, line, length, MAX_FUNCTION, exceptions)
        if depth > MAX_NESTING:
            yield f"{name}:{line}: {function} nests {depth} deep, at most {MAX_NESTING}: return early"


def judge(key, name, line, length, limit, exceptions):
    granted = exceptions.pop(key, None)
    if granted is None and length > limit:
        yield f"{name}:{line}: {key.split(':', 1)[-1]} has {length} lines, at most {limit}"
    elif granted is not None and length <= limit:
        yield f"{name}:{line}: {key} fits now: take it out of EXCEPTIONS"
    elif granted is not None and length != granted:
        verb = "grew" if length > granted else "shrank: lower its number"
        yield f"{name}:{line}: {key} is granted {granted} lines and has {length}: it {verb}"


def body(lines):
    return "".join(f"  a{i}();\n" for i in range(lines))


class SelfTest(house.Rule):
    def lengths(self, text):
        return [(name, length) for name, _, length, _ in functions(text)]

    def test_functions_are_measured(self):
        text = "namespace a {\nint f(int x) {\n  return x;\n}\nstruct S {\n  void g() const {}\n};\n}\n"
        self.assertEqual([("f", 3), ("g", 1)], self.lengths(text))

    def test_constructors_tests_templates_and_coroutines_are_functions(self):
        self.assertEqual([("S::S", 1)], self.lengths("S::S(int a) : a_(a), b_(2) { go(); }"))
        self.assertEqual([("TEST(A, B)", 3)], self.lengths("TEST(A, B) {\n  f([] { g(); });\n}"))
        self.assertEqual([("f", 2)], self.lengths("template <class T>\nTask<T> f(T t) { co_return t; }"))
        self.assertEqual([("f", 1)], self.lengths('extern "C" int f(int a) noexcept { return a; }'))

    def test_tables_are_no_functions(self):
        self.assertEqual([], self.lengths("constexpr std::array kTable = {Row{f(1), 2}, Row{3, 4}};"))

    def test_long_files_and_functions_are_caught(self):
        self.assertTrue(list(too_long("a.cc", "\n" * 501, {})))
        self.assertFalse(list(too_long("a.cc", "\n" * 500, {})))
        self.assertTrue(list(too_long("a.cc", "void f() {\n" + body(59) + "}\n", {})))
        self.assertFalse(list(too_long("a.cc", "void f() {\n" + body(58) + "}\n", {})))
        python = "def f():\n" + "".join("    a = 1\n" for _ in range(60))
        self.assertTrue(list(too_long("a.py", python, {})))

    def test_deep_nesting_is_caught(self):
        self.assertEqual(3, nesting("if (a) { for (;;) { while (b) { c(); } } }"))
        deep = "void f() { if (a) { for (;;) { while (b) { if (c) { d(); } } } } }"
        self.assertTrue(list(too_long("a.cc", deep, {})))

    def test_exceptions_only_shrink(self):
        text = "void f() {\n" + body(68) + "}\n"
        self.assertFalse(list(too_long("a.cc", text, {"a.cc:f": 70})))
        self.assertTrue(list(too_long("a.cc", text, {"a.cc:f": 69})))
        self.assertTrue(list(too_long("a.cc", text, {"a.cc:f": 71})))
        self.assertTrue(list(too_long("a.cc", "void f() {}\n", {"a.cc:f": 71})))


class TheTree(house.Rule):
    def test_files_and_functions_stay_short(self):
        exceptions = dict(EXCEPTIONS)
        found = []
        for name in house.files(".h", ".cc", ".py"):
            found += too_long(name, house.read(name), exceptions)
        found += [f"EXCEPTIONS names {key}, which is gone" for key in exceptions]
        self.hold(found, "Split by story: one file, one function, one thing.")


if __name__ == "__main__":
    house.main()
