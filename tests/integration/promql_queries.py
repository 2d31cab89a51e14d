"""Random queries that Debian's Prometheus and our engine must answer alike, whatever asks them.

They are about series named as `promql_peer_test.SERIES` names them: counters `a_total` and `c_bucket`, gauges `b`, and
`info`. `start` is where the time of these samples begins.
"""


class Writer:
    """Random queries of which none is beyond Debian's version or differs between versions on purpose."""

    def __init__(self, random, start=0):
        self.random, self.start = random, start

    def pick(self, *choices):
        return self.random.choice(choices)

    def selector(self):
        return self.pick("a_total", "b", 'b{x="1"}', 'a_total{y=~"p|q", x!="3"}', '{__name__=~"a_.*|info"}', "info",
                         'b{x!~"1|2"}', "nothing", "c_bucket")

    def shift(self):
        return self.pick("", "", "", " offset 3m", f" @ {self.start + 930}", " offset -2m",
                         f" @ {self.start + 630} offset 1m")

    def scalar(self):
        return self.pick("2", "0.5", "-3", "1e3", "time()", 'scalar(b{x="1"})', "(1 + 2 ^ 3)", "7 % 4", "scalar(info)")

    def ranged(self, depth):
        if depth and self.pick(True, False):
            # Steps of subqueries are whole minutes: windows at them would end on samples.
            inner = self.vector(depth - 1, windows=False)
            return f"({inner}){self.pick('[5m:1m]', '[8m:2m]', '[10m:]')}{self.shift()}"
        return self.selector() + self.ends()

    def ends(self):
        return f"{self.pick('[3m]', '[5m]', '[12m]')}{self.shift()}"

    def grouping(self):
        return self.pick("", "by (x)", "by (y, none)", "without (x)", "by ()", "without (y, le)")

    def window(self, depth):
        name = self.pick("delta", "irate", "idelta", "sum_over_time", "avg_over_time",
                         "min_over_time", "max_over_time", "count_over_time", "last_over_time", "present_over_time",
                         "changes", "resets", "stddev_over_time", "stdvar_over_time", "deriv", "absent_over_time")
        return self.pick(f"{name}({self.ranged(depth)})", f"{name}({self.ranged(depth)})",
                         f"quantile_over_time({self.pick('0.3', '0.9', '1')}, {self.ranged(depth)})",
                         f"{self.pick('rate', 'increase')}({self.pick('a_total', 'c_bucket')}{self.ends()})",
                         f"predict_linear({self.ranged(depth)}, 600)")

    def call(self, inner):
        return self.pick(f"abs({inner})", f"ceil({inner} / 7)", f"round({inner}, 5)", f"clamp({inner}, 2, 1010)",
                         f"sgn({inner})", f"ln({inner})", f"exp({inner} / 1000)", f"sqrt({inner})", f"timestamp({inner})",
                         f"absent({inner})", f'label_replace({inner}, "z", "$1-${{2}}", "x", "(.)(.*)")',
                         f'label_join({inner}, "z", "/", "y", "x")', f"hour({inner} > 0 < 1e6)", f"day_of_year({inner} > 0 < 1e8)",
                         f"days_in_month({inner} > 0 < 1e8)", f"sin({inner})", f"vector({self.scalar()})",
                         f"histogram_quantile({self.pick('0.1', '0.5', '0.99')}, {inner})", f"sort({inner})")

    def binary(self, left, right):
        return self.pick(
            f"{left} {self.pick('+', '-', '*', '/', '%', '^')} {self.pick('', 'on (x)', 'ignoring (y, le)')} {right}",
            f"{left} {self.pick('>', '<=', '==', '!=')} {self.pick('', 'bool')} {right}",
            f"{left} {self.pick('and', 'or', 'unless')} {self.pick('', 'on (x)', 'ignoring (x)')} {right}",
            f"{left} * on (x) group_left (team) info", f"info * on (x) group_right () {right}",
            f"{left} {self.pick('+', '/', '>', '< bool')} {self.scalar()}", f"{self.scalar()} {self.pick('-', '^', '>=')} {right}")

    def vector(self, depth, windows=True):
        if depth == 0:
            return self.selector() + self.shift()
        inner = self.vector(depth - 1, windows)
        window = self.window(depth - 1) if windows else inner
        return self.pick(
            window, window, self.call(inner), f"-{inner}", f"({inner})",
            f"({self.binary(f'({inner})', f'({self.vector(depth - 1, windows)})')})",
            f"{self.pick('sum', 'avg', 'count', 'min', 'max', 'group')} {self.grouping()} ({inner})",
            f"{self.pick('stddev', 'stdvar')} {self.grouping()} ({inner} > -1e6 < 1e6)",
            f"{self.pick('topk', 'bottomk')} {self.grouping()} ({self.pick('20', '1e6')}, {inner})",
            f"quantile {self.grouping()} ({self.pick('0.5', '0.75', '0')}, {inner})",
            f'count_values {self.grouping()} ("n", {self.selector()})')
