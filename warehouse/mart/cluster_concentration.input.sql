select * from work.cluster_input
