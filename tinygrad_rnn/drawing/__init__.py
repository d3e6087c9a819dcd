"""A graph as a picture: what is shown, where it stands and how its lines run, all that as DOT, painted by Graphviz.

`picture` has the function `draw`, and `pipeline` takes one view of a graph through the stages, each of which has a
folder. They are best read in this order; none imports anything from a later one.

1. `scene/`, what is shown: a `scene` of marks and links. `sources` is what people give to be drawn; `folding` chooses
   time steps. `survey` finds which of their nodes are alike, with the help of `variants`, which are tags, and where
   each stands in time. `staging` makes marks and links of that, and `carriers` says what links carry from step to step.
   Where operations are not drawn, `contraction` finds the links, along `ways` with their weights, and `cells` the nodes
   that one box stands for. `trunks` joins links from several steps to several others, and `kinds` says what each value
   is. On marks are the signs of operations, which `glyphs` has, and names, of adjoints by `nablas`; `lettering` says
   how large that makes them. `rolling` makes one step of all, and `moments` says what its marks are at each of them.
2. `layout/`, where marks stand: a `layout`. `arranging` lays out one step, which is a `period`, with `rails` and
   `buses` for what is carried, `rows` and `coordinates` for marks, `paths` for lines, and `weights` for what is written
   beside these. `tiling` repeats it for each step; `gutters` places what comes before all steps and after them, and
   `loops` what leads around the one step of a rolled picture.
3. `lines/`, how `lines` run: from and to `ends` at marks, buses and gaps, through the `rooms` between the steps;
   `routes` puts them together.
4. `overlays/`, what is laid over that: an `overlay`, such as `backward`, which paints `adjoints`, with `chips` for what
   parameters receive; `highlight` finds what does not fade. `cards` are numbers on marks, and the `legend` says what
   all means.
5. `dot` writes it.
6. What comes of it: a `view`, from which a `diagram` is painted by Graphviz, which `render` runs. A `page` has several
   views and a `record` of the graph with its `formulas`; its scripts are in `web/`. Beside these, `plots` are
   matplotlib's figures of `series` over time, each a `figure` that notebooks show.

All use `basics/`: `geometry`; `label`, which typesets text; `statements`, which are pieces of DOT; and the paint: the
`inks` of a `theme`, and `colours` for numbers on `scales`.

Words of this room:
    mark: an operation's sign, or a value; a link leads from mark to mark.
    tag: a shared parameter or plain number, written on the operations that use it in place of a mark.
    role: what is equal for marks that are the same at different steps.
    carrier: what is carried from step to step: a role, and over how many steps.
    block: the marks of one time step, those before all steps, or those after; a step's background is a column.
    gap: what stands for steps that are left out.
    rail: a straight row through all steps, along which a value is carried; a tap is where one more reader branches off.
    bus: a level line below several readers of one value, with a riser up to each.
    trunk: a line above all columns that joins several steps; at a port it is reached from a step.
    room: what lies between two blocks; in it, lines rise and fall in lanes.
"""

from tinygrad_rnn.drawing.diagram import Diagram
from tinygrad_rnn.drawing.picture import draw
from tinygrad_rnn.drawing.plots import gradient_flow, states_and_weights

__all__ = ["Diagram", "draw", "gradient_flow", "states_and_weights"]
