"""usage: words_duckdb.py TEXT THREADS OUT"""

import sys

import duckdb


def main():
    text, threads, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    db = duckdb.connect(config={"threads": threads})
    db.execute(r"""
        COPY (
            SELECT word, count(*) AS n
            FROM (SELECT unnest(string_split(line, ' ')) AS word
                  FROM read_csv(?, columns={'line': 'VARCHAR'}, header=false, auto_detect=false,
                                delim='\x01', quote='', escape=''))
            WHERE word <> '' GROUP BY word ORDER BY word
        ) TO '%s' (FORMAT csv, DELIMITER '\t', HEADER false, QUOTE '')
    """.replace(r"\x01", "\x01").replace(r"\t", "\t") % out.replace("'", "''"), [text])


if __name__ == "__main__":
    main()
