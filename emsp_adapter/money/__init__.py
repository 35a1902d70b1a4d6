"""What a driver pays and why: prices, plans, bills, receipts."""
