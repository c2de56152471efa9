"""Asterisk's configuration syntax, as main/config.c has it."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coordinator.asterisk_config import (
    DEEPEST_INCLUDE,
    LONGEST_LINE,
    MOST_LINES,
    ConfigError,
    Section,
    read,
)

#: A fresh folder for each example is not needed: the one file in it is written anew.
one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def write(folder: Path, text: str, name: str = "queues.conf") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def plain(sections: tuple[Section, ...]) -> dict[str, list[tuple[str, str]]]:
    return {part.name: [(line.name, line.value) for line in part.lines] for part in sections}


def read_text(folder: Path, text: str) -> dict[str, list[tuple[str, str]]]:
    return plain(read(write(folder, text)))


def refused(folder: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(write(folder, text))
    return str(caught.value).removeprefix(f"{folder}/")


def test_sections_and_settings_know_where_they_stand(tmp_path: Path) -> None:
    path = write(tmp_path, "\n[sales]\n\n  strategy\t=  linear  \nmember => PJSIP/101,1\r\n")

    (section,) = read(path)

    assert (section.name, section.file, section.number) == ("sales", path, 2)
    first, second = section.lines
    assert (first.name, first.value, first.file, first.number) == ("strategy", "linear", path, 4)
    assert (second.name, second.value, second.number) == ("member", "PJSIP/101,1", 5)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a = b ; comment", "b"),
        ("a = b;comment", "b"),
        (r"a = b\;c", "b;c"),
        (r"a = b\; c ; comment", "b; c"),
        ("a = b ;-- one --; c", "b  c"),
        ("a = b ;-- one\nstill = comment\nend --;\n", "b"),
        ("a = b ;-- one ;-- two --; three --; c", "b  c"),
        ("a = b ;--- one line only", "b"),
        ("a = b = c", "b = c"),
        ("a => >b", ">b"),
        ("a =", ""),
    ],
)
def test_values(tmp_path: Path, text: str, value: str) -> None:
    assert read_text(tmp_path, f"[s]\n{text}") == {"s": [("a", value)]}


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    assert read_text(tmp_path, "\ufeff[s]\n") == {"s": []}


def test_a_line_may_begin_behind_a_block_comment(tmp_path: Path) -> None:
    assert read_text(tmp_path, "[s]\n;--\nx = 1\n--; y = 2\n") == {"s": [("y", "2")]}


def test_plus_equals_goes_on_with_the_last_value(tmp_path: Path) -> None:
    text = "[s]\na = 1\na = 2\nb = 9\na +=, 3\nc += 4\n"

    assert read_text(tmp_path, text) == {"s": [("a", "1"), ("a", "2, 3"), ("b", "9"), ("c", "4")]}


def test_a_backslash_lets_a_name_begin_with_any_character(tmp_path: Path) -> None:
    assert read_text(tmp_path, "[s]\n\\[a] = 1\n\\=b = 2\n\\;c = 3\n") == {
        "s": [("[a]", "1"), ("=b", "2"), (";c", "3")]
    }


def test_templates_come_first_and_are_left_out(tmp_path: Path) -> None:
    text = """
        [base](!)
        timeout = 15
        [night](!,base)
        timeout = 20
        [Sales](BASE,night)
        weight = 1
        [support](Sales)
    """
    base, night = ("timeout", "15"), ("timeout", "20")

    assert read_text(tmp_path, text) == {
        "Sales": [base, base, night, ("weight", "1")],
        "support": [base, base, night, ("weight", "1")],
    }


def test_an_inherited_line_stands_where_it_was_written(tmp_path: Path) -> None:
    (section,) = read(write(tmp_path, "[base](!)\ntimeout = 15\n[sales](base)\n"))

    assert [line.number for line in section.lines] == [2]
    assert section.number == 3


def test_plus_appends_to_the_section_above(tmp_path: Path) -> None:
    text = "[tpl](!)\nc=3\n[a]\nx=1\n[b]\ny=2\n[A](+)\nx=3\n[a](tpl,+)\nz=4\n"

    assert read_text(tmp_path, text) == {
        "a": [("x", "1"), ("x", "3"), ("c", "3"), ("z", "4")],
        "b": [("y", "2")],
    }


def test_a_name_may_come_twice(tmp_path: Path) -> None:
    sections = read(write(tmp_path, "[a]\nx=1\n[a]\nx=2\n"))

    assert [(part.name, part.lines[0].value) for part in sections] == [("a", "1"), ("a", "2")]


def test_included_files_are_sought_from_the_first_files_folder(tmp_path: Path) -> None:
    write(tmp_path, "x = 1\n[b]\ny = 2\n#include deep/two.conf\n", "deep/one.conf")
    write(tmp_path, "z = 3\n", "deep/two.conf")
    text = '[a]\n#include "deep/one.conf"\n#tryinclude <absent.conf>\nw = 4\n'

    assert read_text(tmp_path, text) == {
        "a": [("x", "1"), ("w", "4")],
        "b": [("y", "2"), ("z", "3")],
    }


def test_a_second_included_file_goes_on_in_the_last_section_of_the_first(tmp_path: Path) -> None:
    write(tmp_path, "[b]\n", "one.conf")
    write(tmp_path, "y = 2\n", "two.conf")

    assert read_text(tmp_path, "[a]\n#include one.conf\n#include two.conf\nx = 1\n") == {
        "a": [("x", "1")],
        "b": [("y", "2")],
    }


def test_a_glob_takes_files_in_order_of_their_names(tmp_path: Path) -> None:
    for name in "b", "a":
        write(tmp_path, f"[{name}]\n", f"d/{name}.conf")
    absolute = f"#include {tmp_path}/d/*.conf\n"

    assert list(read_text(tmp_path, absolute)) == ["a", "b"]
    assert list(read_text(tmp_path, "#include d/*.conf\n")) == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("x = 1", "queues.conf:1: a setting needs a section above it, such as [general]."),
        ("[a]\nmember", "queues.conf:2: 'member' has no '='; a line is [section], name = value, "),
        ("[a]\n = 1", "queues.conf:2: a name is missing before '='."),
        ("[a]\n+= 1", "queues.conf:2: a name is missing before '+='."),
        ("[a]\n\\", "queues.conf:2: a backslash in front of a name needs a character behind it."),
        ("[a", "queues.conf:1: a section's name stands between '[' and ']', as in [sales]."),
        ("[]", "queues.conf:1: a section's name stands between '[' and ']', as in [sales]."),
        ("[a] (b)", "queues.conf:1: behind [a] may stand only (!), (+) or (template,…), without"),
        ("[a](b", "queues.conf:1: behind [a] may stand only (!), (+) or (template,…), without a"),
        ("[a](b)", "queues.conf:1: [a] names 'b', but no section above is called so."),
        ("[a](+)", "queues.conf:1: [a](+) goes on with a section above; none but a template may"),
        ("[a](!)\n[a](+)", "queues.conf:2: [a](+) goes on with a section above; none but a temp"),
        ("#exec /bin/true", "queues.conf:1: #exec is not followed here; allowed are #include and"),
        ("# include a", "queues.conf:1: # is not followed here; allowed are #include and #tryinc"),
        ("#include", "queues.conf:1: #include needs the name of a file."),
        ("#include no.conf", "queues.conf:1: there is no file 'no.conf' in "),
        ("#include *.none", "queues.conf:1: there is no file '*.none' in "),
        ("[a]\n;-- b\n\n", "queues.conf:2: this comment has no end; ';--' ends with '--;'."),
        ("[a]\nb = c --; d", "queues.conf:2: '--;' ends a comment, but none was begun by ';--'."),
        (f"[a]\nb={'c' * LONGEST_LINE}", f"queues.conf:2: a line may have at most {LONGEST_LINE}"),
    ],
)  # fmt: skip
def test_one_sentence_tells_file_and_line(tmp_path: Path, text: str, sentence: str) -> None:
    assert refused(tmp_path, text).startswith(sentence)


def test_a_file_that_includes_itself(tmp_path: Path) -> None:
    write(tmp_path, "\n#include queues.conf\n", "b.conf")
    assert refused(tmp_path, "#include *.conf\n").startswith("b.conf:2: ")
    assert refused(tmp_path, "#include queues.conf\n") == (
        f"queues.conf:1: {tmp_path}/queues.conf includes itself."
    )


def test_a_glob_passes_over_folders(tmp_path: Path) -> None:
    write(tmp_path, "", "d/b.conf/c")
    write(tmp_path, "[a]\n", "d/a.conf")
    assert read_text(tmp_path, "#include d/*.conf\n") == {"a": []}


def test_a_sentence_names_the_included_file(tmp_path: Path) -> None:
    path = write(tmp_path, "\nnothing\n", "more.conf")

    with pytest.raises(ConfigError, match=f"^{path}:2: 'nothing' has no '='"):
        read(write(tmp_path, "[a]\n#include more.conf\n"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none.conf: No such file or directory"):
        read(tmp_path / "none.conf")


def test_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "queues.conf"
    path.write_bytes(b"[a]\nb = c\nname = J\xf6rg\n")

    with pytest.raises(ConfigError, match=r"queues.conf:3: this is not UTF-8"):
        read(path)


def test_files_include_each_other_ten_deep_and_no_deeper(tmp_path: Path) -> None:
    for level in range(1, DEEPEST_INCLUDE + 1):
        write(tmp_path, f"[s{level}]\n#include {level + 1}.conf\n", f"{level}.conf")
    write(tmp_path, "[end]\n", f"{DEEPEST_INCLUDE + 1}.conf")

    assert len(read(tmp_path / "2.conf")) == DEEPEST_INCLUDE
    with pytest.raises(ConfigError, match=r"10.conf:2: files may include each other 10 deep"):
        read(tmp_path / "1.conf")


def test_templates_that_double_themselves_are_stopped(tmp_path: Path) -> None:
    doubling = "".join(f"[t{n + 1}](t{n},t{n})\n" for n in range(64))

    sentence = refused(tmp_path, f"[t0]\nx = 1\n{doubling}")

    assert f"more than {MOST_LINES} lines" in sentence


@one_folder
@given(
    text=st.text(st.one_of(st.sampled_from("[]()!+#;-\\=>,\n ab"), st.characters()), max_size=80)
)
def test_any_text_is_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "queues.conf"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(ConfigError):
        read(path)


words = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=8)
values = st.text(
    st.characters(categories=["L", "N", "P", "S"], exclude_characters="\\"), max_size=8
)
files = st.dictionaries(words, st.lists(st.tuples(words, values)), max_size=5)


@one_folder
@given(wanted=files)
def test_what_was_written_is_read(tmp_path: Path, wanted: dict[str, list[tuple[str, str]]]) -> None:
    if len({name.lower() for name in wanted}) < len(wanted):
        return
    text = "".join(
        f"[{name}]\n" + "".join(f"{key} => {_escaped(value)}\n" for key, value in lines)
        for name, lines in wanted.items()
    )

    assert read_text(tmp_path, text) == wanted


def _escaped(value: str) -> str:
    return value.replace(";", "\\;")
