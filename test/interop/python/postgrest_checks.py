"""PyPI's postgrest, which is supabase-py's way to the database, through the REST door over verified TLS."""

import asyncio
import os
import ssl
import warnings

import httpx
from postgrest import APIError, AsyncPostgrestClient, CountMethod, ReturnMethod, SyncPostgrestClient
from postgrest._sync.request_builder import SyncRPCFilterRequestBuilder, SyncSelectRequestBuilder
from report import EXPIRED_TOKEN, OTHER_CA, PATIENCE, WRONG_TOKEN, check, main

URL = os.environ["REST_URL"]
TOKEN = os.environ["TOKEN"]
CA = os.environ["REST_CA"]

warnings.simplefilter("error")  # the client's own deprecations: we use what is current


def options(token=TOKEN, ca=CA):
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return {"headers": headers, "timeout": PATIENCE, "verify": ssl.create_default_context(cafile=ca), "http2": True}


def connect(schema="api", **how):
    http = httpx.Client(**options(**how))
    return SyncPostgrestClient(URL, schema=schema, http_client=http, retry_enabled=False)


db = connect()


def equal(got, wanted):
    assert got == wanted, f"{got!r} is not {wanted!r}"


def refused(run, code, **wanted):
    try:
        run()
    except APIError as error:
        equal(error.code, code)
        for name, value in wanted.items():
            equal(getattr(error, name), value)
        return
    raise AssertionError("no error")


def films():
    return db.from_("films").select("id").order("id")


SHOWN = ("1952-01-01", "1960-01-01")
BEFORE = ("1970-01-01", "1980-01-01")

#: A method, a filter by it, and the films that are found.
FILTERS = [
    ("eq", lambda all: all.eq("title", "Ran"), [3]),
    ("eq", lambda all: all.eq("seen", True), [1, 4]),
    ("eq", lambda all: all.eq("details->studio->>city", "Paris"), [1]),
    ("neq", lambda all: all.neq("director_id", 2), [1, 4, 5]),
    ("gt", lambda all: all.gt("rating", 8.2), [2]),
    ("gte", lambda all: all.gte("rating", 8.2), [2, 3, 4]),
    ("lt", lambda all: all.lt("year", 1955), [2]),
    ("lte", lambda all: all.lte("year", 1955), [2, 4]),
    ("is_", lambda all: all.is_("year", None), [6]),
    ("is_", lambda all: all.is_("seen", True), [1, 4]),
    ("like", lambda all: all.like("title", "%a%"), [3, 4, 5]),
    ("like_all_of", lambda all: all.like_all_of("title", "%a%,R%"), [3]),
    ("like_any_of", lambda all: all.like_any_of("title", "I%,R%"), [2, 3]),
    ("ilike", lambda all: all.ilike("title", "ik%"), [2]),
    ("ilike_all_of", lambda all: all.ilike_all_of("title", "%A%,r%"), [3]),
    ("ilike_any_of", lambda all: all.ilike_any_of("title", "i%,r%"), [2, 3]),
    ("or_", lambda all: all.or_("year.lt.1955,and(rating.eq.8.2,seen.is.true)"), [2, 4]),
    ("or_", lambda all: all.not_.or_("id.lt.5,id.eq.6"), [5]),
    ("not_", lambda all: all.not_.is_("director_id", None), [1, 2, 3, 4, 5]),
    ("in_", lambda all: all.in_("id", [1, 3, 99]), [1, 3]),
    ("in_", lambda all: all.in_("title", ["Ran", 'Not, (a "film")']), [3]),
    ("not_", lambda all: all.not_.in_("id", [1, 2]), [3, 4, 5, 6]),
    ("fts", lambda all: all.fts("plot", "boy & village"), [4]),
    ("plfts", lambda all: all.plfts("plot", "the boys"), [4, 5]),
    ("phfts", lambda all: all.phfts("plot", "old lord"), [3]),
    ("wfts", lambda all: all.wfts("plot", "boy -village"), [5]),
    ("text_search", lambda all: all.text_search("plot", "boys", {"type": "plain", "config": "english"}), [4, 5]),
    ("cs", lambda all: all.cs("tags", ["bw", "tokyo"]), [2]),
    ("cd", lambda all: all.cd("tags", ["colour", "other"]), [3, 6]),
    ("ov", lambda all: all.ov("tags", ["paris", "colour"]), [1, 3]),
    ("contains", lambda all: all.contains("details", {"runtime": 110}), [5]),
    ("contains", lambda all: all.contains("shown", "[1962-05-01,1962-06-01)"), [1]),
    ("contained_by", lambda all: all.contained_by("tags", ["colour", "other"]), [3, 6]),
    ("overlaps", lambda all: all.overlaps("tags", ["paris", "colour"]), [1, 3]),
    ("sl", lambda all: all.sl("shown", BEFORE), [1, 2]),
    ("sr", lambda all: all.sr("shown", SHOWN), [1, 3]),
    ("nxl", lambda all: all.nxl("shown", SHOWN), [1, 2, 3]),
    ("nxr", lambda all: all.nxr("shown", SHOWN), [2]),
    ("adj", lambda all: all.adj("shown", ("1953-01-01", "1954-01-01")), []),
    ("range_gt", lambda all: all.range_gt("shown", SHOWN), [1, 3]),
    ("range_gte", lambda all: all.range_gte("shown", SHOWN), [1, 2, 3]),
    ("range_lt", lambda all: all.range_lt("shown", BEFORE), [1, 2]),
    ("range_lte", lambda all: all.range_lte("shown", SHOWN), [2]),
    ("range_adjacent", lambda all: all.range_adjacent("shown", ("1952-12-31", "1954-01-01")), [2]),
    ("match", lambda all: all.match({"director_id": 2, "studio_id": 1}), [2, 3]),
    ("filter", lambda all: all.filter("title", "not.like(any)", "{R%,I%}"), [1, 4, 5, 6]),
    ("limit", lambda all: all.limit(2), [1, 2]),
    ("offset", lambda all: all.offset(4), [5, 6]),
    ("range", lambda all: all.range(1, 3), [2, 3, 4]),
    ("retry", lambda all: all.retry(False).eq("id", 1), [1]),
]

#: Methods that other checks call.
ELSEWHERE = {"select", "execute", "order", "single", "maybe_single", "csv", "explain", "strip_nulls", "max_affected"}


@check("reads with each of its filters")
def _():
    for method, filter_by, ids in FILTERS:
        found = [film["id"] for film in filter_by(films()).execute().data]
        assert found == ids, f"{method}: {found} instead of {ids}"


@check("has no method that is not tried here")
def _():
    methods = {name for name in {*dir(SyncSelectRequestBuilder), *dir(SyncRPCFilterRequestBuilder)} if name[0] != "_"}
    equal(methods - {method for method, _, _ in FILTERS}, ELSEWHERE)


@check("embeds, and filters, orders and limits what is embedded")
def _():
    one = db.from_("films").select("title", "directors(name)", "screenings(city)").eq("id", 2)
    one.order("seats", foreign_table="screenings").limit(1, foreign_table="screenings")
    wanted = {"title": "Ikiru", "directors": {"name": "Akira Kurosawa"}, "screenings": [{"city": "Paris"}]}
    equal(one.execute().data, [wanted])
    lyon = db.from_("films").select("id, screenings(city)").eq("id", 1)
    equal(lyon.or_("city.eq.Lyon", reference_table="screenings").execute().data, [{"id": 1, "screenings": [{"city": "Lyon"}]}])


@check("orders by several columns, nulls first")
def _():
    found = db.from_("films").select("id").order("rating", desc=True, nullsfirst=True).order("title").limit(4).execute()
    equal([film["id"] for film in found.data], [6, 2, 4, 3])


@check("counts the rows beside a range of them, and without reading any")
def _():
    for method in CountMethod:
        some = db.from_("films").select("id", count=method).order("id").range(0, 1).execute()
        equal(some.data, [{"id": 1}, {"id": 2}])
        assert some.count is not None
    equal(db.from_("films").select("id", count=CountMethod.exact).range(0, 1).execute().count, 6)
    none = db.from_("films").select("id", count=CountMethod.exact, head=True).eq("seen", True).execute()
    equal((none.data, none.count), ([], 2))


@check("reads one object, or none")
def _():
    equal(db.from_("films").select("id").eq("id", 3).single().execute().data, {"id": 3})
    equal(db.from_("films").select("id").eq("id", 99).maybe_single().execute(), None)
    refused(films().single().execute, "PGRST116", details="The result contains 6 rows")


@check("leaves nulls out")
def _():
    equal(db.from_("films").select("id, year").eq("id", 6).strip_nulls().execute().data, [{"id": 6}])
    equal(db.from_("films").select("id, year").eq("id", 6).strip_nulls().single().execute().data, {"id": 6})


@check("reads CSV and plans")
def _():
    equal(db.from_("studios").select("id").order("id").csv().execute().data, "id\n1\n2")
    assert "Seq Scan on" in films().explain(analyze=True, verbose=True).execute()
    assert "Plan" in films().explain(format="json").execute().data[0]


@check("inserts, upserts, updates and deletes")
def _():
    notes = lambda: db.from_("notes")
    one = notes().insert({"id": 60, "body": "by Python"}).execute().data
    equal(one, [{"id": 60, "body": "by Python", "stars": 3, "author": "web"}])
    two = [{"id": 61, "body": "a"}, {"id": 62, "body": "b", "stars": 5}]
    inserted = notes().insert(two, default_to_null=False, count=CountMethod.exact).execute()
    equal(([note["stars"] for note in inserted.data], inserted.count), ([3, 5], 2))
    equal(notes().upsert({"id": 60, "body": "again"}).select("body").execute().data, [{"body": "again"}])
    kept = notes().upsert([{"body": "a", "stars": 1}], on_conflict="body", ignore_duplicates=True).execute()
    equal(kept.data, [])
    equal(notes().insert({"id": 63, "body": "c"}, returning=ReturnMethod.minimal).execute().data, [])
    changed = notes().update({"stars": 4}, count=CountMethod.exact).in_("id", [61, 62]).execute()
    equal(([note["stars"] for note in changed.data], changed.count), ([4, 4], 2))
    refused(notes().delete().gte("id", 60).max_affected(2).execute, "PGRST124", details="The query affects 4 rows")
    gone = notes().delete().gte("id", 60).lt("id", 70).select("id").order("id").execute().data
    equal(gone, [{"id": 60}, {"id": 61}, {"id": 62}, {"id": 63}])


@check("is told which constraint is violated")
def _():
    refused(db.from_("notes").insert({"body": "first"}).execute, "23505", details="Key (body)=(first) already exists.")
    refused(db.from_("notes").insert({"body": ""}).execute, "23514")
    refused(db.from_("film").select("*").execute, "PGRST205", hint="Perhaps you meant the table 'api.films'")
    refused(db.from_("films").select("colour").execute, "42703")


@check("calls functions")
def _():
    equal(db.rpc("add", {"a": 1, "b": 2}).execute().data, 3)
    equal(db.rpc("total", {"numbers": [1, 2, 3]}, get=True).execute().data, 6)
    equal(db.rpc("who", {}).execute().data, "web")
    equal(db.rpc("nothing", {}).execute().data, [])
    equal(db.rpc("films_of", {"director": 2}).select("id").gt("year", 1960).execute().data, [{"id": 3}])
    equal(db.rpc("films_of", {"director": 2}).select("id").eq("id", 3).single().execute().data, {"id": 3})
    equal(db.rpc("films_of", {"director": 9}).maybe_single().execute(), None)
    equal(db.rpc("films_of", {"director": 2}).select("id").order("id").csv().execute().data, "id\n2\n3")
    equal(db.rpc("films_of", {"director": 3}, count=CountMethod.exact, head=True).execute().count, 2)
    refused(db.rpc("refuse", {"status": "no coffee"}).execute, "PT418", message="no coffee", hint="the hint")
    refused(db.rpc("add", {"a": 1, "c": 2}).execute, "PGRST202")


@check("switches to another schema")
def _():
    other = db.schema("archive")
    equal(other.from_("boxes").select("*").execute().data, [{"id": 1, "label": "letters"}])
    equal(other.from_("boxes").insert({"id": 2}).select("id").execute().data, [{"id": 2}])
    equal(other.from_("boxes").delete().eq("id", 2).execute().data, [{"id": 2, "label": None}])
    equal(other.rpc("count_boxes", {}).execute().data, 1)
    refused(db.schema("pg_catalog").from_("pg_class").select("*").execute, "PGRST106")


@check("works asynchronously, many requests at once")
async def _():
    async with AsyncPostgrestClient(URL, schema="api", http_client=httpx.AsyncClient(**options())) as client:
        asked = [client.from_("films").select("id").eq("id", n % 6 + 1).single().execute() for n in range(60)]
        equal([answer.data["id"] for answer in await asyncio.gather(*asked)], [n % 6 + 1 for n in range(60)])


@check("gives a query up, which ends on the server")
async def _():
    async with AsyncPostgrestClient(URL, schema="api", http_client=httpx.AsyncClient(**options())) as client:

        async def asleep():
            return (await client.rpc("sleepers", {}).execute()).data

        asked = asyncio.ensure_future(client.rpc("wait", {"seconds": 120}).execute())
        while not await asleep():
            await asyncio.sleep(0)
        asked.cancel()
        while await asleep():
            await asyncio.sleep(0)


@check("does not trust a server certificate of another CA")
def _():
    try:
        connect(ca=OTHER_CA).from_("films").select("id").execute()
    except httpx.ConnectError as error:
        assert "CERTIFICATE_VERIFY_FAILED" in str(error), error
        return
    raise AssertionError("the connection was made")


@check("is refused with a wrong token, an expired one, and none")
def _():
    refused(connect(token=WRONG_TOKEN).from_("films").select("id").execute, "PGRST301")
    refused(connect(token=EXPIRED_TOKEN).from_("films").select("id").execute, "PGRST303", message="JWT expired")
    refused(connect(token=None).from_("films").select("id").execute, "42501")


main()
