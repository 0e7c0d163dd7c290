"""What is known of the standard library and of common packages.

Only exceptions are listed: whatever stands here neither acts on anything when it is called while a
module is imported, nor reads docstrings and annotations. Everything else is taken to do both.
"""

# ruff: noqa: SIM905  (long lists of words)
from __future__ import annotations

PURE_BUILTINS = frozenset("""
    abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict divmod enumerate
    filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list
    map max memoryview min object oct ord pow property range repr reversed round set slice sorted
    staticmethod str sum super tuple type zip __import__
    ArithmeticError AssertionError AttributeError BaseException Exception ImportError IndexError KeyError
    LookupError NotImplementedError OSError RuntimeError StopIteration TypeError ValueError
""".split())  # fmt: skip

PURE_METHODS = frozenset("""
    as_posix capitalize casefold copy count decode encode endswith exists find format format_map get
    getter setter deleter index intersection is_dir is_file isalnum isalpha isdigit isidentifier items
    joinpath join keys lower lstrip partition removeprefix removesuffix replace resolve rpartition rsplit
    rstrip split splitlines startswith strip symmetric_difference title translate union upper values
    with_name with_suffix absolute expanduser read_text read_bytes glob rglob iterdir match fullmatch search
    findall finditer isoformat strftime strptime total_seconds getChild mean sum min max std var median
    astype reshape tolist round to_numpy dropna fillna
""".split())  # fmt: skip

# Modules of the standard library whose calls only give a value (but see _VERBS), or single names.
_PURE_STD = frozenset("""
    abc array base64 binascii bisect calendar cmath collections colorsys contextlib contextvars copy
    dataclasses datetime decimal difflib enum fnmatch fractions functools glob graphlib hashlib hmac html
    inspect ipaddress itertools json keyword math numbers operator os.path pathlib platform posixpath
    queue re secrets shlex statistics string struct textwrap time token types typing unicodedata
    urllib.parse uuid weakref zlib zoneinfo
    logging.getLogger os.getenv os.environ.get os.cpu_count os.fspath os.getcwd os.getpid os.listdir
    random.Random threading.Lock threading.RLock threading.local threading.Event threading.Semaphore
    threading.Condition asyncio.Lock asyncio.Semaphore asyncio.Event
    importlib.import_module importlib.__import__
    importlib.metadata.version importlib.resources.files importlib.util.find_spec
    sys.getsizeof sys.intern ast.parse ast.literal_eval csv.reader io.StringIO io.BytesIO
    collections.abc logging.NullHandler logging.Formatter warnings.deprecated
""".split())  # fmt: skip

_PURE_THIRD = frozenset("""
    attr attrs typing_extensions numpy pandas polars pyarrow pydantic scipy sklearn numba joblib.delayed
    pydantic_settings dateutil pytz yaml.safe_load msgspec tqdm
""".split())  # fmt: skip

# Objects that only keep the functions handed to them: these count where the object does.
COLLECTORS = frozenset("""
    typer.Typer click.Group click.group fastapi.FastAPI fastapi.APIRouter flask.Flask flask.Blueprint
""".split())  # fmt: skip
_PURE_THIRD_NAMES = COLLECTORS | frozenset("""
    typer.Option typer.Argument click.command click.option click.argument click.Choice click.Path
    click.IntRange click.FloatRange click.File click.pass_context click.pass_obj click.version_option
    click.Command    fastapi.Depends fastapi.Query fastapi.Body fastapi.Path fastapi.Header
""".split())  # fmt: skip
# Makers of classes that are as plain as what the standard library makes them from.
CLASS_MAKERS = frozenset(
    ["collections.namedtuple", "typing.NamedTuple", "typing.NewType", "typing.TypedDict"]
)

_OWN_GENERATORS = frozenset(["default_rng", "Generator", "SeedSequence", "RandomState", "PCG64"])
_VERBS = (
    "set_", "setcontext", "set_option", "register", "seed", "seterr", "use", "enable", "disable", "install",
    "filterwarnings", "simplefilter", "manual_seed", "shuffle", "default_rng_seed", "heappush", "heapify",
    "insort", "rvs", "update_", "add_", "append", "insert", "remove", "finalize", "reset", "options",
    "setitem", "delitem", "iadd", "iand", "iconcat", "ilshift", "imatmul", "imod", "imul", "ior", "ipow",
    "irshift", "isub", "itruediv", "ixor",
)  # fmt: skip

# Methods that change what they belong to, even where that was just given by a call.
CHANGING = (
    "set", "add", "append", "register", "update", "insert", "remove", "clear", "pop", "extend", "install",
    "enable", "disable", "use", "connect", "bind", "subscribe", "write", "run", "start", "configure",
)  # fmt: skip

# What gives an iterator: whoever goes through it uses it up for all others.
ITERATORS = frozenset("""
    iter map filter zip enumerate reversed open finditer glob rglob iterdir iglob scandir
""".split())  # fmt: skip
_ITERATING_STD = frozenset(
    ["itertools", "csv", "io", "difflib", "re.finditer", "os.scandir", "glob.iglob", "contextlib"]
)

# Functions that call what they are given at once, or when their result is used.
CALLERS = frozenset("""
    map filter sorted max min sort reduce accumulate starmap takewhile dropwhile groupby filterfalse apply
    iter applymap transform agg pipe
""".split())  # fmt: skip

# Third-party packages that take functions and classes without looking at their docstrings.
_INCURIOUS = frozenset("""
    attr attrs beartype boto3 botocore cachetools cloudpickle dateutil fsspec httpx joblib lightgbm
    lightning matplotlib msgspec networkx numba numexpr numpy pandas pandera PIL plotly polars psutil pyarrow
    pytest pytorch_lightning pytz requests s3fs scipy seaborn sklearn sqlalchemy statsmodels tenacity
    tensorflow torch torchvision tqdm transformers typing_extensions ujson xarray xgboost yaml
""".split())  # fmt: skip
# ... but these of them read annotations.
_READS_ANNOTATIONS = frozenset(["attr", "attrs", "beartype", "msgspec", "pandera", "lightning"])

# Packages whose base classes do not keep a list of the classes made from them.
_FORGETFUL_BASES = frozenset("""
    attr attrs keras lightning matplotlib networkx numpy pandas polars pydantic pydantic_settings
    pytorch_lightning requests rich scipy sklearn tensorflow torch typing_extensions xgboost lightgbm msgspec
""".split())  # fmt: skip

_STD_READS_DOCS = frozenset(["inspect", "pydoc", "doctest", "unittest", "cmd", "optparse"])
_STD_READS_ANNOTATIONS = frozenset([
    "inspect", "typing.get_type_hints", "annotationlib", "functools.singledispatch",
    "functools.singledispatchmethod",
])  # fmt: skip

# Looking these up can give any module of the project.
ANY_MODULE = (
    "importlib.import_module", "importlib.__import__", "importlib.util.module_from_spec",
    "importlib.util.spec_from_file_location", "importlib.util.spec_from_loader", "importlib.util.LazyLoader",
    "importlib.machinery",
    "importlib.abc", "pkgutil", "runpy", "imp", "pydoc.locate",
    "sys.executable", "zipimport", "sys.modules", "sys.meta_path", "sys.path_hooks",
    "sys.path_importer_cache", "importlib.metadata.entry_points",
)  # fmt: skip
# Calls of these are understood where they are made (see ``import_request``, ``launching``).
IMPORTERS = ("import_module", "__import__", "run_module", "run_path", "resolve_name", "locate")
_FINDS_NO_MODULE = ("pkgutil.extend_path", "pkgutil.get_data")
# Reading one of these back can name any class and function of the project.
UNPICKLES = (
    "pickle.load", "pickle.loads", "pickle.Unpickler", "shelve", "joblib.load", "dill.load", "dill.loads",
    "cloudpickle.load", "cloudpickle.loads", "pandas.read_pickle", "torch.load",
)  # fmt: skip
# These find every object there is.
SEES_ALL = ("gc.get_objects", "gc.get_referrers", "gc.get_referents")
# These change where modules are looked for.
MOVES_PATH = ("sys.path", "site.addsitedir", "site.addpackage", "pkgutil.extend_path")
READS_FILES = ("importlib.resources", "importlib_resources", "pkgutil.get_data", "pkg_resources")
READS_SOURCE = (
    "inspect.getsource", "inspect.getsourcelines", "inspect.getsourcefile", "linecache",
)  # fmt: skip


def starts(dotted: str, names: tuple[str, ...] | frozenset[str]) -> bool:
    """Whether a dotted name is one of these names or below one."""
    name = dotted
    while name:
        if name in names:
            return True
        name = name.rpartition(".")[0]
    return False


def any_module(dotted: str) -> bool:
    """Whether this can give any module of the project."""
    return starts(dotted, ANY_MODULE) and not starts(dotted, _FINDS_NO_MODULE)


def pure_call(dotted: str, std: bool) -> bool:
    """Whether calling this only gives a value."""
    if not std and dotted in _PURE_THIRD_NAMES:
        return True
    if not starts(dotted, _PURE_STD if std else _PURE_THIRD) or draws(dotted):
        return False
    return not any(part.startswith(_VERBS) for part in dotted.split(".")[1:])


def draws(dotted: str) -> bool:
    """Whether it may draw from the generator of random numbers that all share."""
    return dotted.startswith("numpy.random.") and dotted.rpartition(".")[2] not in _OWN_GENERATORS


def inert_package(dotted: str) -> bool:
    """Whether operators on this only give a value."""
    return starts(dotted, _PURE_THIRD)


def inert_result(dotted: str, std: bool) -> bool:
    """Whether operators on what calling this gives only give a value, again and again."""
    return pure_call(dotted, std) and not (std and starts(dotted, _ITERATING_STD))


def pure_decorator(dotted: str, std: bool) -> bool:
    if std:
        return pure_call(dotted, True) and not dotted.endswith(".register")
    if any(part.startswith("register") for part in dotted.split(".")):
        return False
    return dotted in _PURE_THIRD_NAMES or starts(
        dotted, _PURE_THIRD | {"beartype", "tenacity", "cachetools", "torch", "jax"}
    )


def forgetful_base(dotted: str, std: bool) -> bool:
    return std or starts(dotted, _FORGETFUL_BASES)


def reads_docs(dotted: str, std: bool) -> bool:
    return starts(dotted, _STD_READS_DOCS) if std else dotted.partition(".")[0] not in _INCURIOUS


def reads_annotations(dotted: str, std: bool) -> bool:
    if std:
        return starts(dotted, _STD_READS_ANNOTATIONS)
    return reads_docs(dotted, False) or dotted.partition(".")[0] in _READS_ANNOTATIONS
