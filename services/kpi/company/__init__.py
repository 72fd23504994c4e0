"""Company figures entered or handed over by other systems (公司数据)."""
