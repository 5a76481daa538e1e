"""The front as a drawing: every task a dot, the front on top, and what it beats shaded.

The drawing is a text that depends on nothing but the points: no font is measured, no clock is read. Names are escaped.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass
from typing import Sequence

from axis import Axis
from goals import Goal
from pareto import Member
from words import counted, number, shortened

WIDTH, HEIGHT = 780, 540
TOP, RIGHT, BOTTOM = 76, 30, 64
LETTER = 6.6
"""About how wide a letter of a label is, in pixels."""

FINE_MAX = 5_000
"""Up to this many dots are placed to the pixel; more fall into squares of three, which bounds the drawing."""

LABELS_MAX = 40
"""With more places on the front than this, task numbers would only be in the way."""

SHADES = ((1, 0.45), (4, 0.65), (16, 0.9))
"""From how many tasks in one place a dot has which opacity."""

INK, MUTED, RULE, DOT, ACCENT = "#24292f", "#667085", "#e7eaee", "#8a94a3", "#1f6feb"

STYLE = f"""\
text {{ font: 12px "Inter", "Segoe UI", "Helvetica Neue", "DejaVu Sans", Arial, sans-serif; fill: {MUTED}; }}
.title {{ font-size: 18px; font-weight: 600; fill: {INK}; }}
.name {{ font-size: 13px; font-weight: 600; fill: {INK}; }}
.task {{ font-size: 11px; fill: {ACCENT}; }}
.rule {{ stroke: {RULE}; fill: none; }}
.dots {{ stroke: {DOT}; fill: none; stroke-linecap: round; }}
.beaten {{ fill: {ACCENT}; fill-opacity: 0.06; }}
.front {{ stroke: {ACCENT}; stroke-width: 2; stroke-linejoin: round; fill: none; }}
.member {{ fill: {ACCENT}; stroke: #fff; stroke-width: 1.5; }}"""


@dataclass
class Scene:
    """What is drawn."""

    goals: Sequence[Goal]
    points: Sequence[array]
    """The values of all compared tasks: an array for each goal that is drawn, of which there are two."""
    members: Sequence[Member]
    note: str
    """The line below the title."""


def draw(scene: Scene) -> str:
    """The drawing as SVG."""
    title = "Pareto front"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img">',
        f"<title>{title}</title>",
        f"<desc>{escaped(scene.note)}</desc>",
        f"<style>\n{STYLE}\n</style>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text class="title" x="24" y="34">{title}</text>',
        f'<text x="24" y="54">{escaped(scene.note)}</text>',
    ]
    if scene.points[0]:
        parts += Plot(scene).parts()
    else:
        parts.append(f'<text class="name" x="{WIDTH // 2}" y="{HEIGHT // 2}" text-anchor="middle">No task can be compared</text>')
    return "\n".join([*parts, "</svg>", ""])


class Plot:
    """The two axes and what lies between them."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.bottom = HEIGHT - BOTTOM
        self.y = Axis(scene.points[1], self.bottom, TOP)
        widest = max((len(text) for _, text in self.y.ticks()), default=0)
        self.left = round(46 + LETTER * widest)
        self.x = Axis(scene.points[0], self.left, WIDTH - RIGHT)
        self.places = self._places()

    def parts(self) -> list[str]:
        """All of it, from the back to the front."""
        line = self._front() if len(self.scene.goals) == 2 else []
        return [*self._rules(), *self._names(), *line[:1], *self._dots(), *line[1:], *self._members(), *self._labels()]

    def _places(self) -> dict[tuple[str, str], list[Member]]:
        """The front by where it is drawn, best first along the first goal."""
        places: dict[tuple[str, str], list[Member]] = {}
        for member in self.scene.members:
            x, y = member.content.values[:2]
            places.setdefault((pixel(self.x.place(x)), pixel(self.y.place(y))), []).append(member)
        return places

    def _rules(self) -> list[str]:
        right = WIDTH - RIGHT
        xs = [(pixel(place), text) for place, text in self.x.ticks()]
        ys = [(pixel(place), text) for place, text in self.y.ticks()]
        lines = [f"M{place} {TOP}V{self.bottom}" for place, _ in xs] + [f"M{self.left} {place}H{right}" for place, _ in ys]
        parts = [f'<path class="rule" d="{"".join(lines)}"/>']
        parts += [f'<text x="{place}" y="{self.bottom + 19}" text-anchor="middle">{text}</text>' for place, text in xs]
        parts += [f'<text x="{self.left - 9}" y="{place}" dy="4" text-anchor="end">{text}</text>' for place, text in ys]
        return parts

    def _names(self) -> list[str]:
        """Each goal's name in the middle of its axis, and at the better end of it what is better."""
        x_goal, y_goal = self.scene.goals[:2]
        x_middle, y_middle = (self.left + WIDTH - RIGHT) // 2, (TOP + self.bottom) // 2
        x_end = WIDTH - RIGHT if x_goal.is_max else self.left
        y_end = TOP if y_goal.is_max else self.bottom
        return [
            f'<text class="name" x="{x_middle}" y="{HEIGHT - 20}" text-anchor="middle">{named(x_goal, self.x)}</text>',
            f'<text x="{x_end}" y="{HEIGHT - 20}" {better(x_goal)}</text>',
            f'<text class="name" transform="translate(26 {y_middle}) rotate(-90)" text-anchor="middle">{named(y_goal, self.y)}</text>',
            f'<text transform="translate(26 {y_end}) rotate(-90)" {better(y_goal)}</text>',
        ]

    def _dots(self) -> list[str]:
        xs, ys = self.scene.points
        size = 1 if len(xs) <= FINE_MAX else 3
        counts = Counter(zip(self.x.cells(xs, size), self.y.cells(ys, size)))
        shades: list[list[str]] = [[] for _ in SHADES]
        for column, row in sorted(counts):
            count = counts[column, row]
            shade = max(index for index, (least, _) in enumerate(SHADES) if count >= least)
            x, y = self.left + (column + 0.5) * size, self.bottom - (row + 0.5) * size
            shades[shade].append(f"M{pixel(x)} {pixel(y)}h0")
        width = 5 if len(xs) <= 500 else 3.5 if size == 1 else 3
        return [
            f'<path class="dots" stroke-width="{width}" stroke-opacity="{opacity}" d="{"".join(dots)}"/>'
            for (_, opacity), dots in zip(SHADES, shades)
            if dots
        ]

    def _front(self) -> list[str]:
        """What the front beats as an area, and its edge as a line of steps. From the best of the first goal to the best of the
        second; between two members, the edge keeps the second value of the former until the first value of the latter."""
        x_goal, y_goal = self.scene.goals
        worst_x = self.left if x_goal.is_max else WIDTH - RIGHT
        worst_y = self.bottom if y_goal.is_max else TOP
        places = list(self.places)
        steps = f"M{places[0][0]} {worst_y}V{places[0][1]}" + "".join(f"H{x}V{y}" for x, y in places[1:]) + f"H{worst_x}"
        return [f'<path class="beaten" d="{steps}V{worst_y}Z"/>', f'<path class="front" d="{steps}"/>']

    def _members(self) -> list[str]:
        radius = 5 if len(self.places) <= LABELS_MAX else 3.5 if len(self.places) <= 200 else 2.5
        return [
            f'<circle class="member" cx="{x}" cy="{y}" r="{radius}"><title>{escaped(self._told(members))}</title></circle>'
            for (x, y), members in self.places.items()
        ]

    def _told(self, members: list[Member]) -> str:
        shown = ", ".join(str(member.task) for member in members[:5])
        more = f" and {len(members) - 5:,} more" if len(members) > 5 else ""
        values = zip(self.scene.goals, members[0].content.values)
        told = "\n".join(f"{goal.metric}: {number(value)}" for goal, value in values)
        return f"{'task' if len(members) == 1 else 'tasks'} {shown}{more}\n{told}"

    def _labels(self) -> list[str]:
        """Task numbers, on the side where the front has nobody; those that would touch another are left out."""
        if len(self.places) > LABELS_MAX:
            return []
        x_goal, y_goal = self.scene.goals[:2]
        side, anchor = (1, "start") if x_goal.is_max else (-1, "end")
        boxes: list[tuple[float, float, float]] = []
        parts = []
        for (x, y), members in self.places.items():
            text = str(members[0].task) + (f" +{len(members) - 1:,}" if len(members) > 1 else "")
            at_x, at_y = float(x) + 7 * side, float(y) + (-6 if y_goal.is_max else 15)
            middle, half = at_x + side * LETTER * len(text) / 2, LETTER * len(text) / 2
            inside = self.left < middle - half and middle + half < WIDTH - 4 and TOP < at_y - 8 and at_y < self.bottom
            if inside and all(abs(middle - m) > half + h + 4 or abs(at_y - b) > 12 for m, h, b in boxes):
                boxes.append((middle, half, at_y))
                parts.append(f'<text class="task" x="{pixel(at_x)}" y="{pixel(at_y)}" text-anchor="{anchor}">{text}</text>')
        return parts


def named(goal: Goal, axis: Axis) -> str:
    """A goal's name beside its axis."""
    return escaped(shortened(goal.metric, 36)) + (" (logarithmic)" if axis.is_logarithmic else "")


def better(goal: Goal) -> str:
    """What is better, with an arrow to there: the rest of a text that begins or ends at that end of the axis."""
    return 'text-anchor="end">higher is better →' if goal.is_max else 'text-anchor="start">← lower is better'


def pixel(place: float) -> str:
    """A place to a tenth of a pixel, in as few letters as that takes."""
    text = f"{place:.1f}"
    return text[:-2] if text.endswith(".0") else text


def escaped(text: str) -> str:
    """Text inside XML. What XML cannot hold at all becomes the replacement character."""
    legal = (letter if is_legal(ord(letter)) else "\ufffd" for letter in text)
    return "".join(legal).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")


def is_legal(code: int) -> bool:
    """Whether XML 1.0 has this character."""
    return code in (0x9, 0xA, 0xD) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def note(members: int, compared: int, left_out: int, goals: Sequence[Goal]) -> str:
    """The line below the title."""
    if compared == 0:
        return f"none of {counted(left_out, 'task')} can be compared"
    told = f"{members:,} of {counted(compared, 'task')} {'is' if members == 1 else 'are'} beaten by no other"
    seen = f" in {len(goals)} goals, seen along two" if len(goals) > 2 else ""
    return f"{told}{seen}{f' · {left_out:,} left out' if left_out else ''}"
