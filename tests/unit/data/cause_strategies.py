"""Generated error trees, each leaf with an exception object of its own."""

from __future__ import annotations

from hypothesis import strategies as st

from effio.cause import Both, Cancelled, Cause, ChildReport, Die, Fail, Location, Then
from effio.data.identity import Path
from effio.data.origin import Origin

labels = st.sampled_from(["main", "fetch", "par_zip[1]", "save"])

locations = st.none() | st.builds(
    Location, st.builds(Path.of, labels, labels), st.just(Origin("/shop/app.py", 41, "fetch"))
)

exceptions = st.builds(
    lambda kind, message: kind(message),
    st.sampled_from([ValueError, KeyError, OSError, RuntimeError]),
    st.sampled_from(["a", "b", "c"]),
)

user_groups = st.builds(ExceptionGroup, st.just("the user's own"), st.lists(exceptions, min_size=1, max_size=2))

fails = st.builds(Fail, st.integers(0, 3) | exceptions | user_groups, locations)

dies = st.builds(Die, exceptions | user_groups | st.builds(KeyboardInterrupt), locations)

cancellations = st.builds(
    Cancelled,
    st.none() | labels,
    st.none() | st.just("closing"),
    source=st.sampled_from(["explicit", "deadline", "sibling", "race", "host", "signal"]),
    at=locations,
)

children = st.lists(
    st.builds(ChildReport, labels, st.sampled_from(["succeeded", "failed", "cancelled"])), max_size=3
).map(tuple)


def trees_of(leaves: st.SearchStrategy[Cause[object]]) -> st.SearchStrategy[Cause[object]]:
    """Generate trees with the given leaves."""
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(Then, st.lists(inner, min_size=2, max_size=3).map(tuple)),
            st.builds(
                Both,
                st.lists(inner, min_size=1, max_size=3).map(tuple),
                st.sampled_from(["par_zip", "race"]),
                at=locations,
                children=children,
            ),
        ),
        max_leaves=10,
    )


failures = trees_of(fails | dies)
causes = trees_of(fails | dies | cancellations)
