-- expand: which cases are sensitive is asked of each case of the console's lists; without an index of those few all exceptions were read.
create index exception_item_restricted on exception_item (case_id) where restricted;
