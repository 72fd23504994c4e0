"""The month as a workbook (月度工作簿): what a director opens on the second working day."""
