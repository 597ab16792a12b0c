"""The return of a zone's office: its workbook, and the check of a filled one."""
