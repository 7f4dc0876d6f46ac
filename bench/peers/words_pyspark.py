"""usage: words_pyspark.py TEXT THREADS OUT"""

import sys

from chunks import write_counts
from pyspark.sql import SparkSession, functions


def main():
    text, threads, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    spark = (SparkSession.builder.master(f"local[{threads}]").config("spark.ui.enabled", "false")
             .config("spark.driver.memory", "4g").getOrCreate())
    words = spark.read.text(text).select(
        functions.explode(functions.split("value", r"\s+")).alias("word"))
    rows = words.where("word <> ''").groupBy("word").count().collect()
    write_counts(((row["word"].encode(), row["count"]) for row in rows), out)
    spark.stop()


if __name__ == "__main__":
    main()
