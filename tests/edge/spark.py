# What Apache Spark reads in a lake's tables: a line of JSON for each row of the query, then the columns with their types.
import json
import sys

from pyspark.sql import SparkSession

spark = (
    SparkSession.builder.master("local[1]")
    .config("spark.ui.enabled", "false")
    .config("spark.driver.bindAddress", "127.0.0.1")
    .config("spark.driver.host", "127.0.0.1")
    .config("spark.sql.session.timeZone", "UTC")
    .getOrCreate()
)
spark.sparkContext.setLogLevel("ERROR")
tables = spark.read.parquet(sys.argv[1])
tables.createOrReplaceTempView("events")
rows = spark.sql("""
    SELECT day, event, count(*) AS events, count(DISTINCT visitor) AS visitors,
      sum(CAST(get_json_object(properties, '$.revenue') AS DECIMAL(12, 2))) AS revenue
    FROM events GROUP BY day, event ORDER BY day, events DESC
""")
print(json.dumps([row.asDict() for row in rows.collect()], default=str))
print(json.dumps(dict(tables.dtypes)))
spark.stop()
