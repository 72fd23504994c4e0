"""Search: how names are read and cut into pieces, and by which hashed pieces persons are found.

No extension is needed: pg_trgm wants rights that managed databases often refuse, and leaves Chinese out under the
collation C.
"""

from __future__ import annotations

from alembic import op

from shared.pinyin import rows

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = """
create table es.readings (
    text    text collate "C" primary key,   -- a character, or a phrase that is read otherwise than its characters
    reading text collate "C" not null       -- syllables in letters without tones, by blanks
);
grant select on es.readings to dakehu_app, dakehu_work;

-- A text as it is searched: width, case and blanks aside. As shared.pinyin.folded.
create function es.folded(said text) returns text language sql immutable parallel safe as $$
    select regexp_replace(lower(normalize(said, NFKC)), '\\s+', '', 'g')
$$;

-- The readings of a folded text one by one, the longest phrase first. As shared.pinyin.syllables. Stable: the table
-- of readings is filled once and not changed.
create function es.syllables(said text) returns text[] language plpgsql stable parallel safe as $$
declare
    place int := 1;
    size int;
    reading text;
    sign text;
    syllables text[] := '{}';
begin
    while place <= length(said) loop
        sign := substr(said, place, 1);
        reading := null;
        if ascii(sign) between 19968 and 40959 then
            size := least(4, length(said) - place + 1);
            while size > 0 loop
                select r.reading into reading from es.readings r where r.text = substr(said, place, size) collate "C";
                exit when reading is not null;
                size := size - 1;
            end loop;
        end if;
        if reading is not null then
            syllables := syllables || string_to_array(reading, ' ');
            place := place + size;
        else
            if sign between '0' and '9' or sign between 'a' and 'z' then
                syllables := syllables || sign;
            end if;
            place := place + 1;
        end if;
    end loop;
    return syllables;
end $$;

-- Signs and pairs of signs of these texts: what holds all of another text's may hold that text.
create function es.grams(variadic texts text[]) returns text[] language sql immutable parallel safe as $$
    select coalesce(array_agg(distinct substr(said, place, size)), '{}')
      from unnest(texts) as t(said)
     cross join lateral generate_series(1, length(said)) as place
     cross join (values (1), (2)) as s(size)
     where place + size - 1 <= length(said)
$$;

alter table privacy.fields add column terms bytea[];   -- keyed hashes of what a name or phone is also found by
create index fields_terms on privacy.fields using gin (terms) where terms is not null;
"""

DROP = """
drop index privacy.fields_terms;
alter table privacy.fields drop column terms;
drop function es.grams(text[]), es.syllables(text), es.folded(text);
drop table es.readings
"""


def upgrade() -> None:
    connection = op.get_bind()
    connection.exec_driver_sql(TABLES.replace("%", "%%"))
    found = list(rows())
    for start in range(0, len(found), 2_000):
        values = ", ".join(f"('{text}', '{reading}')" for text, reading in found[start : start + 2_000])
        connection.exec_driver_sql(f"insert into es.readings values {values}")  # noqa: S608 - of a file of ours


def downgrade() -> None:
    op.get_bind().exec_driver_sql(DROP)
