"""The datasets of a paper: known names, and names that headings, lists, neighbours and tables make ones."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from bot.card import lexicon, names
from bot.card.evidence import ARROWS, TABLE, Passage, Votes, is_ours, is_own, items_of, label_of, table_place
from bot.card.mentions import KIND, Mention, abbreviations
from bot.card.metrics import METRIC_WORD
from bot.card.outline import Part
from bot.model import Claim, Table

_SET = r"(?:data-?sets?|data sets?|benchmarks?|corpus|corpora|test ?sets?|databases?|leaderboards?)"
_NAMED_KIND = re.compile(
    rf"(?<![\w-])({names.NAME})(?: \(\w[^)]{{0,40}}\))? (?:[a-z-]+ )?(?:{KIND}|databases?|cohorts?|subsets?|splits?)\b"
)
_KIND_NAMED = re.compile(
    rf"\b(?:data-?sets?|data sets?|benchmarks?|corpora|databases)\s+(?P<list>{names.NAME}(?:(?:,? and|,)\s{names.NAME}){{0,8}})"
)
_TITLED = re.compile(
    r"(?<![\w-])((?:[A-Z][\w-]+ (?:of (?:the )?|for |in )?){1,5}(?:Survey|Database|Data ?[Ss]et|Corpus|Treebank|Challenge|Benchmark|Collection|Archive"
    r"|Catalog(?:ue)?|Biobank|Cohort|Repository|Panel|Census))\b"
)
_CHAIN = rf"(?P<list>{names.NAME}(?:(?:, (?:the )?{names.NAME})+,? and (?:on |from )?(?:the )?{names.NAME}| and (?:on |from )?(?:the )?{names.NAME})?)"
_FROM = re.compile(
    r"\b(?:(?:trained|pre-?trained|fine-?tuned|tested|evaluated|validated|experiments|results|collected|taken|drawn|obtained|came|comes|come|data) (?:are |is |was |were )?(?:conducted |performed |reported )?"
    rf"(?:on|from|over)|report\w* (?:[\w@-]+ ){{1,5}}on)\s+(?:the |both )?{_CHAIN}"
)
_IN_BRACKETS = re.compile(rf"\b{_SET}\s*\((?:i\.e\.,? |e\.g\.,? |namely )?(?P<list>[^()]{{3,160}})\)", re.IGNORECASE)
_KIND_LISTS = re.compile(
    rf"(?<!\bwe )(?<!\bto )\b{KIND}\b[^.;:()]{{0,60}}?(?:\b(?:are|is|include|includes|including|namely|such as|like|comprise|called|named)\b|:|\bi\.e\.,?|\be\.g\.,?)\s+(?P<list>[^;]{{2,400}})",
    re.IGNORECASE,
)
_NO_DATASET = re.compile(
    r"^(?:The|This|These|Our|We|Each|All|Both|Other|Existing|Recent|Several|Many|Most|New|Some|Such|Public|Standard|Common"
    r"|Table|Figure|Fig|Section|Appendix|Algorithm|Theorem|Lemma|Equation|Eq|Sec|Two|Three|Four|Five|Training|Test|In|On"
    r"|For|A|An|English|Chinese|German|French|LLM|LLMs|AI|ML|RL|NLP|CV|QA|VQA|GPU|CPU|API|US|EU|UK|II|III|IV|SOTA|VLM"
    r"|MLLM|VLA|LM|ASR|TTS|OCR|IID|OOD|NLI|NER|IR|I|However|While|When|Although|As|By|To|From|With|If|It|Human|Synthetic)$"
)
_DATASET_COLUMN = re.compile(r"^(?:data ?sets?|benchmarks?|corpus|corpora|tasks?|data|environments?)\b", re.IGNORECASE)
_NO_COLUMN = re.compile(
    r"^(?:#|params?|parameters|flops|backbone|year|venue|size|avg|average|overall|mean|total|all|settings?|types?|models?|methods?|time|data|input|resolution|ref|reference"
    r"|rank|epochs?|iterations?|train|test|val|dev|gpu|memory|cost|source|lang|language|n|k|d|m)\b|^[\W\d]*$",
    re.IGNORECASE,
)


def datasets_of(
    passages: tuple[Passage, ...],
    tables: tuple[tuple[Part, Table], ...],
    named: Iterable[Mention],
    own: frozenset[str],
) -> tuple[Claim, ...]:
    """The datasets by how well they are borne out: tables, then what the text tries things on."""
    votes = Votes()
    listed, index = lexicon.names("datasets"), names.index_of("datasets")
    for passage in passages:
        for place, name, entry in names.known(passage.text, index):
            near = passage.text[max(0, place - 40) : place + len(name) + 40]
            sure = listed[entry] or re.search(rf"\b{KIND}\b", near) is not None
            votes.add(name, passage.weight if sure else passage.weight * 0.5, passage.where)
        for name in _patterned(passage.text):
            votes.add(
                name,
                passage.weight + 0.1 if passage.role in ("setup", "results", "abstract") else passage.weight,
                passage.where,
            )
    for mention in named:
        name = mention.name
        if name in listed or _dataset_like(name, plain=mention.weight >= 2 and name[:1].isupper()):
            votes.add(name, mention.weight, (mention.anchor, mention.section))
    body = "\n".join(passage.text for passage in passages)
    measures = {
        short for passage in passages for long, short in abbreviations(passage.text) if METRIC_WORD.search(long)
    }
    for part, table in tables:
        weight = TABLE * (0.6 if part.section.appendix else 1.0)
        cells = [cell for row in table.header for cell in row[1:]] + [row[0] for row in table.rows if row]
        for piece in (table.caption, *cells):
            for _, name, _ in names.known(piece, index):
                votes.add(name, weight, table_place(part, table))
        for name in _shown(table, own, body):
            votes.add(name, weight * 0.8, table_place(part, table))
    chosen = [
        name for name in votes.chosen() if not is_own(name, own) and not names.is_model(name) and name not in measures
    ]
    return votes.claims(_without_parts(chosen))


def _shown(table: Table, own: frozenset[str], body: str) -> Iterator[str]:
    """Names in a table that stand where datasets stand: under "Dataset", or beside the methods where the text speaks of
    them as well."""
    heads = table.header[-1] if table.header else ()
    if heads and _DATASET_COLUMN.match(heads[0]):
        for label in dict.fromkeys(map(label_of, dict.fromkeys(row[0] for row in table.rows if row))):
            if _dataset_like(label, plain=label[:1].isupper()) and not is_own(label, own):
                yield label
    in_columns = any(is_ours(row[i], own) for row in table.rows for i in range(min(2, len(row))))
    in_heads = any(is_ours(cell, own) for cell in (heads[1:] if heads else ()))
    labels = [cell for row in table.header for cell in row[1:]] if in_columns else []
    labels += [row[0] for row in table.rows if row] if in_heads else []
    for label in dict.fromkeys(map(label_of, dict.fromkeys(labels))):
        if (
            label in body
            and not (_NO_COLUMN.match(label) or METRIC_WORD.search(label) or ARROWS.search(label))
            and _dataset_like(label)
            and re.search(rf"(?<![\w-]){re.escape(label)}(?![\w])", body)
        ):
            yield label


def _patterned(text: str) -> Iterator[str]:
    """Names that their neighbours call datasets: "the X benchmark", "datasets are X and Y", "trained on X"."""
    yield from _beside_kind(text)
    for match in _TITLED.finditer(text):
        name = re.sub(r"^(?:The|A|An|Our|This|In|From|On|And|We)\s", "", match[1])
        if len(name.split()) > 1 and _dataset_like(name, plain=True):
            yield name
    for pattern in (_KIND_NAMED, _FROM, _IN_BRACKETS):
        for match in pattern.finditer(text):
            yield from filter(_dataset_like, items_of(match["list"]))
    for match in _KIND_LISTS.finditer(text):
        items = items_of(match["list"])
        # In a list of datasets a plain "Weather" is one; a list of tasks has plain words too.
        plain = len(items) > 1 and re.match(rf"{_SET}\b", match[0], re.IGNORECASE) is not None
        for item in items:
            if _dataset_like(item, plain=plain and re.fullmatch(r"[A-Z][a-z]{3,}", item) is not None):
                yield item


def _beside_kind(text: str) -> Iterator[str]:
    for match in _NAMED_KIND.finditer(text):
        name = match[1]
        at_head = match.start() == 0 or text[match.start() - 2 : match.start()] in (". ", "? ", "! ")
        if at_head and " " in name and not re.search(r"\d|[a-z][A-Z]|[A-Z]{2}", name.split()[0]):
            name = name.split(" ", 1)[1]
        # "the Snowfall dataset" is a name, though it looks like any word; "Snowfall tasks" may be none.
        plain = (
            not at_head
            and re.fullmatch(r"[A-Z][a-z]{3,}", name)
            and re.search(r"(?:set|mark|corpus|corpora|survey)s?$", match[0])
        )
        if _dataset_like(name, plain=bool(plain)):
            yield name


def _dataset_like(name: str, *, plain: bool = False) -> bool:
    first = name.split(maxsplit=1)[0] if name.split() else ""
    return (
        2 < len(name) <= 40
        and not _NO_DATASET.match(first)
        and not _NO_DATASET.match(name)
        and (plain or names.shaped(name))
        and re.fullmatch(names.NAME, name) is not None
        and not re.fullmatch(r"[\d.,%]+\S?", name)
        and not {name, name.capitalize(), name.lower()} & lexicon.forms("metrics").keys()
    )


def _without_parts(chosen: list[str]) -> list[str]:
    """Without the names that are only the head of another ("CIFAR" beside "CIFAR-10")."""
    lower = [name.casefold() for name in chosen]
    return [
        name
        for i, name in enumerate(chosen)
        if lower[i] not in lower[:i]
        and not any(other != lower[i] and other.startswith((f"{lower[i]}-", f"{lower[i]} ")) for other in lower)
    ]
